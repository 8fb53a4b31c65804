"""Where a file of rows holds digests that people are suppressed by."""

from __future__ import annotations

from pathlib import Path

import duckdb
import pytest

from pusher.ledger.barred import digests_sql


@pytest.mark.parametrize(
    ("columns", "expected"),
    [
        ("'a' as email, {'phone': 'b', 'ids': ['c', 'd']} as user", ["a", "b", "c", "d"]),
        ("'a' as email, null::integer as other", ["a"]),
        ("['a', 'b'] as email, {'phone': null::integer} as user", ["a", "b"]),
        ("{'ids': null::varchar[]} as user", []),
        ("{'other': 'a'} as user, 'b' as another", None),
        ("null::integer as email", None),
    ],
    ids=["everywhere", "at the top", "in a list", "no list", "elsewhere", "always null"],
)
def test_digests_are_found_wherever_a_row_may_have_them(
    tmp_path: Path, columns: str, expected: list[str] | None
) -> None:
    """Texts and lists of texts count, at the top or in a struct; a column that is always NULL has another type."""
    file = tmp_path / "rows.parquet"
    with duckdb.connect() as connection:
        connection.execute(f"copy (select {columns}) to '{file}' (format parquet)")
        sql = digests_sql(file, ["email", "user.phone", "user.ids"])
        found = None if sql is None else connection.execute(f"select {sql} from '{file}'").fetchall()

    assert found == (None if expected is None else [(expected,)])
