"""What a SELECT may not do although it is one."""

from __future__ import annotations

import pytest

from pusher.engines.duckdb import DuckDBEngine
from pusher.payload.read_only import refusal

FINE = [
    "select 1",
    "select query, checkpoint from t",
    "with query as (select 1 as nextval) select nextval from query",
    "select 'select * from query(1)' as a",
    "-- query('x')\nselect replace(a, 'x', 'y') as a from t",
    "select * from t as duckdb",
]


@pytest.mark.parametrize("sql", FINE)
def test_names_and_texts_are_no_functions(sql: str) -> None:
    """Columns, aliases, texts and comments may be called like what is refused."""
    engine = DuckDBEngine.in_memory()
    assert refusal(sql, engine._serialized) is None
    engine.close()


def test_a_plain_select_is_not_even_serialized() -> None:
    """Most queries hold none of the words that are looked for."""

    def serialize(_: str) -> str:
        raise AssertionError

    assert refusal("select a, sum(b) as b from t group by a", serialize) is None
    assert refusal("select regexp_replace(a, '\u00a0\u2003', '') as a from t", serialize) is None


@pytest.mark.parametrize(
    "word", ["\u017fetval", "checkpo\u0131nt", "CHECKPO\u0130NT", "chec\u212apoint", "PRAGMA_\u00e9"]
)
def test_a_letter_that_may_stand_for_another_hides_no_word(word: str) -> None:
    """Whoever searches without case takes it for that; so the tree is looked at."""
    asked = []

    def serialize(sql: str) -> str:
        asked.append(sql)
        return '{"statements": []}'

    sql = f"select {word}(1)"
    refusal(sql, serialize)
    assert asked == [sql]


def test_the_place_of_a_function_is_told() -> None:
    """The offset is that of its name; what to do instead stands beside it."""
    engine = DuckDBEngine.in_memory()
    sql = "select 'query' as a\nfrom main.Query('select 1')"
    fix = "Read models by ref() and tables by source(); give values by var()."
    assert refusal(sql, engine._serialized) == ("may not use query()", fix, sql.index("Query"))
    engine.close()


def test_what_cannot_be_looked_at_is_refused() -> None:
    """A statement that DuckDB cannot serialize is not let through when it holds such a word."""
    said = refusal("select query('x')", lambda _: '{"error":true,"error_message":"no"}')
    assert said == ("may not use query in a statement of this kind", "Leave it out.", 7)
    assert refusal("select replace(a, 'x', 'y')", lambda _: '{"error":true,"error_message":"no"}') is None
