"""Incremental models in a real database file: what joins the table, and what happens when something fails."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import duckdb
import pytest

from pusher.builds.run import build, standing
from pusher.engines.duckdb import DuckDBEngine
from pusher.errors import BuildError
from pusher.progress import ModelBuilt
from tests.builds.support import Told
from tests.compile.support import compiled, problems

# Rows arrive with the day; the second day brings a row of the first again.
ROWS = "(values (1, 1, 'a'), (1, 2, 'b'), (2, 2, 'c'), (2, 3, 'd')) as rows(day, id, word)"
MODEL = (
    "{{{{ config(materialized='incremental', {config}) }}}}\n"
    "select id, word{more} from " + ROWS + "\nwhere day <= {{{{ var('today') }}}}\n"
    "{{% if is_incremental() %}}and day > {{{{ var('today') }}}} - 1 "
    "and day >= (select min(id) from {{{{ this }}}}){{% endif %}}"
)

GUARD = "Guard the cast: case when regexp_matches(...) then cast(...) end."


@pytest.fixture(name="warehouse")
def _warehouse(tmp_path: Path) -> Iterator[DuckDBEngine]:
    engine = DuckDBEngine.open(tmp_path / "shop.duckdb")
    yield engine
    engine.close()


def model(config: str = "", more: str = "") -> dict[str, str]:
    """Return a project with one incremental model."""
    return {"models/m.sql": MODEL.format(config=config, more=more)}


def built(
    root: Path,
    engine: DuckDBEngine,
    files: dict[str, str],
    *,
    today: int = 2,
    full_refresh: bool = False,
) -> tuple[str | None, list[tuple[object, ...]]]:
    """Build the model, and return the strategy and what its table holds."""
    manifest = compiled(root, files, today=today)
    names = standing(manifest, engine, full_refresh=full_refresh)
    result = build(manifest.standing(names) if names else manifest, engine)
    return result.models[0].strategy, engine.rows("from m order by all")


def refused(root: Path, engine: DuckDBEngine, files: dict[str, str]) -> list[tuple[str, str, str, str | None]]:
    """Build what must fail, and return the problems; the table stays as it is."""
    before = engine.rows("select * from m order by all")
    with pytest.raises(BuildError) as caught:
        built(root, engine, files)
    assert engine.rows("select * from m order by all") == before
    assert engine.rows("select table_name from duckdb_tables()") == [("m",)]
    return problems(caught.value)


@pytest.mark.parametrize(
    ("config", "strategy", "expected"),
    [
        ("", "append", [(1, "a"), (2, "b"), (2, "c"), (3, "d")]),
        ("incremental_strategy='append', unique_key='id'", "append", [(1, "a"), (2, "b"), (2, "c"), (3, "d")]),
        ("unique_key='id'", "delete+insert", [(1, "a"), (2, "c"), (3, "d")]),
        ("unique_key=['id', 'word']", "delete+insert", [(1, "a"), (2, "b"), (2, "c"), (3, "d")]),
        ("unique_key='ID', incremental_strategy='merge'", "merge", [(1, "a"), (2, "c"), (3, "d")]),
        (
            "unique_key=['word', 'id'], incremental_strategy='merge'",
            "merge",
            [(1, "a"), (2, "b"), (2, "c"), (3, "d")],
        ),
    ],
)
def test_a_strategy_says_what_becomes_of_rows_that_come_again(
    tmp_path: Path, warehouse: DuckDBEngine, config: str, strategy: str, expected: list[tuple[object, ...]]
) -> None:
    """The first build takes all rows, the second those of its day; the key decides which replace."""
    assert built(tmp_path, warehouse, model(config), today=1) == (None, [(1, "a"), (2, "b")])
    assert built(tmp_path, warehouse, model(config), today=2) == (strategy, expected)


def test_a_table_is_built_anew_on_demand(tmp_path: Path, warehouse: DuckDBEngine) -> None:
    """--full-refresh, unless the model itself says always or never; a view in the way is replaced."""
    whole = [(1, "a"), (2, "b"), (2, "c"), (3, "d")]
    built(tmp_path, warehouse, model(), today=1)
    warehouse.execute("insert into m values (9, 'z')")
    assert built(tmp_path, warehouse, model("full_refresh=false"), full_refresh=True) == ("append", [*whole, (9, "z")])
    assert built(tmp_path, warehouse, model(), full_refresh=True) == (None, whole)
    assert built(tmp_path, warehouse, model("full_refresh=true")) == (None, whole)
    warehouse.execute("drop table m; create view m as select 7 as id, 'v' as word")
    assert built(tmp_path, warehouse, model()) == (None, whole)


def test_only_models_of_the_kind_are_incremental(tmp_path: Path, warehouse: DuckDBEngine) -> None:
    """A table or view that asks is_incremental() gets false, and so does a macro that asks for it."""
    text = "{{ config(materialized='table') }}select {% if is_incremental() %}1{% else %}{{ asked() }}{% endif %} as x"
    files = {
        "models/m.sql": text,
        "macros/a.sql": "{% macro asked() %}{{ 2 if is_incremental() else 3 }}{% endmacro %}",
    }
    for _ in range(2):
        assert built(tmp_path, warehouse, files) == (None, [(3,)])
    files["models/m.sql"] = "{{ config(materialized='incremental') }}select {{ asked() }} as x"
    assert built(tmp_path, warehouse, files) == ("append", [(2,), (3,)])


STANDS = "its table stands with the columns of an earlier build."
CHANGE = "Build it anew with --full-refresh, or set on_schema_change to append_new_columns or sync_all_columns."


def test_columns_that_change_follow_on_schema_change(tmp_path: Path, warehouse: DuckDBEngine) -> None:
    """New columns are left out by ignore; append_new_columns adds them, sync_all_columns drops and retypes too."""
    built(tmp_path, warehouse, model(), today=1)
    new = ", day"
    assert built(tmp_path, warehouse, model(more=new))[1] == [(1, "a"), (2, "b"), (2, "c"), (3, "d")]
    assert built(tmp_path, warehouse, model("on_schema_change='append_new_columns', unique_key='id'", new))[1] == [
        (1, "a", None),
        (2, "c", 2),
        (3, "d", 2),
    ]
    retyped = {
        "models/m.sql": model("on_schema_change='sync_all_columns'")["models/m.sql"].replace(
            "select id, word", "select id::bigint as id, upper(word) as big"
        )
    }
    assert built(tmp_path, warehouse, retyped)[1] == [(1, None), (2, "C"), (2, None), (3, "D"), (3, None)]
    assert warehouse.rows("select column_name, data_type from duckdb_columns() where table_name = 'm'") == [
        ("id", "BIGINT"),
        ("big", "VARCHAR"),
    ]


def test_fail_names_what_changed(tmp_path: Path, warehouse: DuckDBEngine) -> None:
    """Added, missing and retyped columns are all named; without a change the rows join."""
    built(tmp_path, warehouse, model(), today=1)
    fail = "on_schema_change='fail'"
    text = model(fail)["models/m.sql"].replace("select id, word", "select id::bigint as id, day as d")
    assert refused(tmp_path, warehouse, {"models/m.sql": text}) == [
        (
            "schema-change",
            "models/m.sql:1:1",
            f"The model adds `d` and no longer selects `word` and changes the type of `id`; {STANDS}",
            CHANGE,
        )
    ]
    assert built(tmp_path, warehouse, model(fail))[0] == "append"


def test_a_column_that_is_gone_fails_also_where_changes_are_ignored(tmp_path: Path, warehouse: DuckDBEngine) -> None:
    """There is nothing to put into it."""
    built(tmp_path, warehouse, model(), today=1)
    text = model()["models/m.sql"].replace("select id, word", "select id")
    assert refused(tmp_path, warehouse, {"models/m.sql": text}) == [
        (
            "schema-change",
            "models/m.sql:1:1",
            f"The model no longer selects `word`; {STANDS}",
            CHANGE,
        )
    ]


@pytest.mark.parametrize(
    ("config", "expected"),
    [
        (
            "unique_key='idd'",
            (
                "unknown-key-column",
                "models/m.sql:1:1",
                "`idd` in unique_key is no column: the model does not select it.",
                "Did you mean `id`?",
            ),
        ),
        (
            'unique_key="id || word"',
            (
                "unknown-key-column",
                "models/m.sql:1:1",
                "`id || word` in unique_key is no column: the model does not select it.",
                "Name columns, one by one: id, word.",
            ),
        ),
    ],
)
def test_a_key_that_is_no_column_is_named(
    tmp_path: Path, warehouse: DuckDBEngine, config: str, expected: tuple[str, str, str, str]
) -> None:
    """With the column that was probably meant."""
    built(tmp_path, warehouse, model(), today=1)
    assert refused(tmp_path, warehouse, model(config)) == [expected]


def test_a_merge_of_two_rows_with_one_key_is_refused(tmp_path: Path, warehouse: DuckDBEngine) -> None:
    """Which of them wins would be chance; rows without a key are always added."""
    merge = "{{ config(materialized='incremental', unique_key='id', incremental_strategy='merge') }}"
    built(tmp_path, warehouse, {"models/m.sql": merge + "select 1 as id, 'a' as word"})
    assert refused(
        tmp_path, warehouse, {"models/m.sql": merge + "from (values (1, 'b'), (1, 'c')) as t(id, word)"}
    ) == [
        (
            "sql-duplicate-key",
            "models/m.sql",
            "Several new rows have the same unique_key: 1 key.",
            "Keep one row of each key, such as with `qualify row_number() over (partition by ... order by ...) = 1`.",
        )
    ]
    rows = {"models/m.sql": merge + "from (values (null, 'b'), (null, 'c')) as t(id, word)"}
    assert built(tmp_path, warehouse, rows)[1] == [(1, "a"), (None, "b"), (None, "c")]


def test_a_failure_while_rows_join_leaves_the_table_whole(tmp_path: Path, warehouse: DuckDBEngine) -> None:
    """The rows that a key replaces are not gone when the new ones do not fit, and the place is the user's."""
    built(tmp_path, warehouse, model("unique_key='id'"), today=1)
    text = model("unique_key='id'")["models/m.sql"].replace(
        "select id, word", "select id,\n  cast(word as int) as word"
    )
    assert refused(tmp_path, warehouse, {"models/m.sql": text}) == [
        (
            "sql-conversion",
            "models/m.sql:3:3",
            "A text cannot be converted to INT32 in column word.",
            GUARD,
        )
    ]
    # The rows themselves are computed, and only their way into the table fails.
    text = text.replace("cast(word as int)", "word").replace("select id,", "select 'x' as id,")
    assert refused(tmp_path, warehouse, {"models/m.sql": text}) == [
        ("sql-conversion", "models/m.sql", "A text cannot be converted to INT32 in column id.", GUARD)
    ]


def test_sql_that_only_a_second_build_runs_has_its_place(tmp_path: Path, warehouse: DuckDBEngine) -> None:
    """The text of that build is another than the first one's, and so is its map."""
    text = model()["models/m.sql"].replace("min(id)", "min(idd)")
    assert built(tmp_path, warehouse, {"models/m.sql": text}, today=1)[0] is None
    assert refused(tmp_path, warehouse, {"models/m.sql": text}) == [
        (
            "sql-binder",
            "models/m.sql:4:82",
            'Referenced column "idd" not found in FROM clause.',
            "Did you mean `id`?",
        )
    ]


def test_many_passes_add_the_same_rows(
    tmp_path: Path, warehouse: DuckDBEngine, monkeypatch: pytest.MonkeyPatch
) -> None:
    """shard_by bounds the memory of both builds."""
    monkeypatch.setattr("pusher.builds.model_run.ROWS_PER_SHARD", 100)
    warehouse.execute("create schema raw; create table raw.lines as select range as id, range % 7 as n from range(500)")
    config = "{{ config(materialized='incremental', unique_key='id', meta={'pusher': {'shard_by': 'id'}}) }}"
    files = {
        "models/s.yml": "sources: [{name: raw, tables: [{name: lines}]}]",
        "models/m.sql": config + "select id, sum(n) as n from {{ source('raw', 'lines') }} group by id",
    }
    built(tmp_path, warehouse, files)
    warehouse.execute("update raw.lines set n = n + 1")
    strategy, rows = built(tmp_path, warehouse, files)
    assert (strategy, rows) == ("delete+insert", [(number, number % 7 + 1) for number in range(500)])


def test_the_strategy_is_told(tmp_path: Path, warehouse: DuckDBEngine) -> None:
    """A listener sees whether a model was built anew or rows were added."""
    told = Told()
    for today in (1, 2):
        manifest = compiled(tmp_path, model(), today=today)
        names = standing(manifest, warehouse, full_refresh=False)
        build(manifest.standing(names), warehouse, None, told)
    assert [(event.materialized, event.rows) for event in told.events if isinstance(event, ModelBuilt)] == [
        ("incremental", 2),
        ("append", 4),
    ]


KILLED = """
import sys
from pathlib import Path
from pusher.builds.run import build, standing
from pusher.engines.duckdb import DuckDBEngine
from tests.compile.support import compiled
root = Path(sys.argv[1])
manifest = compiled(root, {"models/m.sql": sys.argv[2]})
engine = DuckDBEngine.open(root / "shop.duckdb")
names = standing(manifest, engine, full_refresh=False)
print("adding", names, flush=True)
build(manifest.standing(names), engine)
print("done", flush=True)
"""


def test_a_process_that_dies_while_rows_join_leaves_the_table_whole(tmp_path: Path) -> None:
    """Killed at different moments, the table has either all rows of the build or none of them."""
    text = (
        "{{ config(materialized='incremental', unique_key='id') }}\n"
        "select range as id, {{ 2 if is_incremental() else 1 }} as build from range(2000000)"
    )
    engine = DuckDBEngine.open(tmp_path / "shop.duckdb")
    built(tmp_path, engine, {"models/m.sql": text})
    engine.close()
    seen = set()
    for wait_s in (0.05, 0.2, 0.4, 0.8, 1.2):
        process = subprocess.Popen(
            [sys.executable, "-c", KILLED, str(tmp_path), text],
            stdout=subprocess.PIPE,
            env={**os.environ, "PYTHONPATH": str(Path.cwd())},
            text=True,
        )
        assert process.stdout is not None
        assert process.stdout.readline() == "adding ['m']\n"
        time.sleep(wait_s)
        process.send_signal(signal.SIGKILL)
        process.wait()
        process.stdout.close()
        with duckdb.connect(str(tmp_path / "shop.duckdb")) as plain:
            found = plain.execute("select build, count(*) from m group by all").fetchall()
            assert found in ([(1, 2_000_000)], [(2, 2_000_000)])
            assert plain.execute("select table_name from duckdb_tables()").fetchall() == [("m",)]
            seen.add(found[0][0])
            plain.execute("update m set build = 1")
    assert 1 in seen
