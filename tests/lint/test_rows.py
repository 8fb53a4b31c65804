"""The static proof of one row for each event against a run, over rows that satisfy the declared data tests."""

from __future__ import annotations

from pathlib import Path

import duckdb
import pytest

from tests.lint.support import CASES, compiled, read_case

# Two customers, three orders, lines that share what no test forbids them to share.
ROWS = {
    "shop__orders": """values
        ('o1', 'c1', timestamp '2026-11-20 10:00:00', 12.5, 'EUR', 'store'),
        ('o1', 'c1', timestamp '2026-11-20 10:00:00', 12.5, 'EUR', 'store'),
        ('o2', 'c2', timestamp '2026-11-21 10:00:00', 8, 'EUR', 'web')""",
    "market__orders": """values
        ('o1', 'n1', 'c1', timestamp '2026-11-20 10:00:00', timestamp '2026-11-20 10:00:00', 12.5, 'EUR', 'd1'),
        ('o2', 'n1', 'c1', timestamp '2026-11-20 10:00:00', timestamp '2026-11-20 10:00:00', 12.5, 'EUR', 'd1'),
        ('o3', 'n2', 'c2', timestamp '2026-11-21 10:00:00', timestamp '2026-11-22 10:00:00', 8, 'EUR', 'd2')""",
    "market__order_items": """values
        ('o1', 1, 'A1', 'shoe', 2, 3, 6, timestamp '2026-11-20 10:00:00'),
        ('o1', 2, 'A1', 'shoe', 2, 3, 6, timestamp '2026-11-20 10:00:00'),
        ('o1', 3, 'B1', 'sock', 1, 1, 1, timestamp '2026-11-20 10:00:01'),
        ('o2', 1, 'A1', 'shoe', 1, 3, 3, timestamp '2026-11-20 10:00:00'),
        ('o2', 2, 'B1', 'sock', 1, 1, 1, timestamp '2026-11-20 10:00:00'),
        ('o3', 1, 'A1', 'shoe', 1, 3, 3, timestamp '2026-11-21 10:00:00')""",
    "market__customers": """values
        ('c1', 'd1', 'p1', timestamp '2026-01-01 10:00:00'), ('c2', 'd2', 'p2', timestamp '2026-01-01 10:00:00')""",
    "market__addresses": "values ('a1', 'c1', 'Bonn'), ('a2', 'c1', 'Kiel'), ('a3', 'c2', 'Bonn')",
    "market__payments": """values
        ('p1', 'o1', 'card', 1, timestamp '2026-11-20 10:00:00'),
        ('p1', 'o1', 'card', 2, timestamp '2026-11-20 10:00:01'),
        ('p2', 'o2', 'cash', 2, timestamp '2026-11-20 10:00:00'),
        ('p2', 'o3', 'card', 2, timestamp '2026-11-20 10:00:00')""",
    "market__line_items": """values
        ('o1', 'A1', 2, 3, timestamp '2026-11-20 10:00:00', 'd1'),
        ('o1', 'A1', 2, 3, timestamp '2026-11-20 10:00:00', 'd1'),
        ('o1', 'B1', 1, 1, timestamp '2026-11-20 10:00:01', 'd1'),
        ('o2', 'A1', 1, 3, timestamp '2026-11-20 10:00:00', 'd1'),
        ('o2', 'B1', 1, 1, timestamp '2026-11-21 10:00:00', 'd1')""",
}
FILES = [path for path in sorted(CASES.rglob("*.sql")) if path.parent.name in {"PU501", "PU502", "PU503"}]
# Cases that no event, that declare keys of their own models, or whose source has columns of its own.
UNPROVEN = {"pass_audience", "pass_tested_in_the_view", "pass_tested_with_the_event", "pass_tested_below_the_view"}
UNPROVEN |= {"pass_declared"}


def _repeats(root: Path, path: Path) -> int:
    """Run a case's models and return how many events of its view have the source, name and id of another one."""
    manifest, inference = compiled(root, read_case(path).files)
    connection = duckdb.connect()
    connection.execute(f"attach ':memory:' as \"{manifest.database}\"")
    for key, source in manifest.sources.items():
        connection.execute(f'create schema if not exists "{source.stub.database}"."{source.stub.schema}"')
        columns = ", ".join(f'"{column.name}" {column.type}' for column in inference.sources.get(key, ()))
        if not columns:
            continue
        connection.execute(f"create table {source.stub} ({columns})")
        rows = ROWS.get(f"{source.source_name}__{source.name}")
        if rows is not None:
            connection.execute(f"insert into {source.stub} {rows}")
    for name, model in manifest.models.items():
        relation = model.relation
        connection.execute(f'create schema if not exists "{relation.database}"."{relation.schema}"')
        rows = manifest.analysis_sql(name) if model.seed is None else f"from read_csv('{model.seed.absolute}')"
        connection.execute(f"create or replace table {relation} as {rows}")
    view = manifest.models["view"].relation
    found = connection.execute(f"select count(*) - count(distinct (event, event_id)) from {view}").fetchone()
    connection.close()
    assert found is not None
    return int(found[0])


@pytest.mark.parametrize(
    "path",
    [path for path in FILES if path.stem.startswith("pass_") and path.stem not in UNPROVEN],
    ids=lambda path: f"{path.parent.name}-{path.stem}",
)
def test_what_lint_calls_proven_has_one_row_for_each_event(tmp_path: Path, path: Path) -> None:
    """A case that passes repeats no event."""
    assert _repeats(tmp_path, path) == 0


@pytest.mark.parametrize(
    "path",
    [path for path in FILES if any(" error " in line for line in read_case(path).expected)],
    ids=lambda path: f"{path.parent.name}-{path.stem}",
)
def test_what_lint_calls_an_error_does_repeat_events(tmp_path: Path, path: Path) -> None:
    """An error is no guess."""
    assert _repeats(tmp_path, path) > 0
