"""What no model can say is refused with its place; nothing is guessed, and nothing is dropped in silence."""

from __future__ import annotations

from pathlib import Path

import pytest

from pusher.destinations.tiktok import destination
from pusher.errors import CompileError, ConfigError, Problem
from pusher.importer import ImportOptions, import_query

REFUSED = (Path(__file__).parent / "refusals.txt").read_text(encoding="utf-8").splitlines()
EVENT = "'Lead' as event, t.id as event_id, t.sent_at as event_time, t.email"


def told(query: str, dialect: str = "presto", **options: str) -> list[str]:
    """Return why a query is refused: place and code of each problem."""
    given = ImportOptions(**{"name": "orders", **options})
    with pytest.raises(CompileError) as caught:
        import_query(query, file="q.sql", dialect=dialect, options=given, payloads=destination.payloads)
    assert all(one.fix and one.file == "q.sql" for one in caught.value.problems)
    return [f"{one.line}:{one.column} {one.code}" for one in caught.value.problems]


@pytest.mark.parametrize("line", REFUSED)
def test_it_is_refused(line: str) -> None:
    """With the line and the column of each."""
    dialect, expected, query = (part.strip() for part in line.split(" | ", 2))
    query = query.replace("EVENT", EVENT).replace("DEEP", "(" * 20_000).replace(chr(92) + "n", chr(10))
    assert told(query, dialect) == expected.split(", ")


def test_everything_wrong_is_told_at_once() -> None:
    """In the order of the query."""
    query = (
        f"select {EVENT},\n  t.x['a'] as description,\n  'y' as brand\nfrom t\nwhere rand() < t.y and xxhash64(t.z) = 1"
    )
    assert told(query) == ["2:3 import-function", "5:7 import-random", "5:24 import-function"]


@pytest.mark.parametrize(
    ("options", "dialect", "message"),
    [
        ({}, "oracle", "--dialect oracle is not known."),
        ({"payload": "emails"}, "presto", "--payload emails is not known."),
        ({"value_of": "item"}, "presto", "--value-of item is not known."),
        ({"name": "My orders"}, "presto", "--name `My orders` is no name of a model."),
        ({"source": "1x"}, "presto", "--source `1x` is no name of a model."),
        ({"timezone": "Mars/Olympus"}, "presto", "--timezone Mars/Olympus is no time zone."),
        ({"timezone": "x' or 1"}, "presto", "--timezone x' or 1 is no time zone."),
        ({"country": "Germany"}, "presto", "--country Germany is no country."),
    ],
)
def test_options_are_checked(options: dict[str, str], dialect: str, message: str) -> None:
    """Before the query is read."""
    given = ImportOptions(**{"name": "q", **options})
    with pytest.raises(ConfigError) as caught:
        import_query("select 1", file="q.sql", dialect=dialect, options=given, payloads=destination.payloads)
    problem: Problem = caught.value.problems[0]
    assert (problem.code, problem.message) == ("usage", message)
    assert problem.fix
