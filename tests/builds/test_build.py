"""Building models in a real database file."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import duckdb
import pytest

from pusher.builds import model_run
from pusher.builds.run import Built, build
from pusher.clock import FixedClock
from pusher.compile import Manifest
from pusher.engines.duckdb import DuckDBEngine
from pusher.errors import BuildError
from pusher.progress import ModelBuilt, Notice
from tests.builds.support import Told
from tests.compile.support import STARTED, compiled, problems

FILES = {
    "models/s.yml": "sources: [{name: raw, meta: {external_location: 'data/{name}.csv'}, tables: [{name: lines}]}]",
    "models/stg.sql": "select order_id, price from {{ source('raw', 'lines') }}",
    "models/eph.sql": "{{ config(materialized='ephemeral') }}select * from {{ ref('stg') }} where price > 0",
    "models/orders.sql": (
        "{{ config(materialized='table', meta={'pusher': {'shard_by': 'order_id'}}) }}\n"
        "select order_id, sum(price) as value, list(price order by price) as prices\n"
        "from {{ ref('eph') }}\ngroup by order_id"
    ),
    "models/events.sql": "select order_id, value from {{ ref('orders') }} where value < 1000",
}


@pytest.fixture(name="root")
def _root(tmp_path: Path) -> Path:
    (tmp_path / "data").mkdir()
    rows = "".join(f"o{number % 50},{number % 7}\n" for number in range(1000))
    (tmp_path / "data/lines.csv").write_text(f"order_id,price\n{rows}")
    return tmp_path


@pytest.fixture(name="warehouse")
def _warehouse(root: Path) -> Iterator[DuckDBEngine]:
    engine = DuckDBEngine.open(root / "shop.duckdb", allowed_paths=[root / "data/lines.csv"])
    yield engine
    engine.close()


GUARD = "Guard the cast: case when regexp_matches(...) then cast(...) end."


def outcome(built: Built) -> list[tuple[str, str, int | None]]:
    """Return what became of the models, without the time it took."""
    return [(one.model, one.status, one.rows) for one in built.models]


def failed(manifest: Manifest, engine: DuckDBEngine) -> list[tuple[str, str, str, str | None]]:
    """Build what must fail, and return the problems."""
    with pytest.raises(BuildError) as caught:
        build(manifest, engine)
    assert caught.value.exit_code == 2
    return problems(caught.value)


def test_models_are_built_in_order_and_told_about(root: Path, warehouse: DuckDBEngine) -> None:
    """Views and tables exist afterwards, tables are counted, ephemeral models leave nothing."""
    told = Told()
    manifest = compiled(root, FILES)
    built = build(manifest, warehouse, None, told, FixedClock(STARTED))
    assert outcome(built) == [("stg", "built", None), ("orders", "built", 50), ("events", "built", None)]
    kinds = {"stg": "view", "orders": "table", "events": "view"}
    assert told.events == [ModelBuilt(one.model, kinds[one.model], one.rows, one.seconds) for one in built.models]
    views = "select view_name as name from duckdb_views() where not internal"
    assert warehouse.rows(f"{views} union all select table_name from duckdb_tables() order by name") == [
        ("events",),
        ("orders",),
        ("stg",),
    ]
    assert warehouse.rows("select count(*), sum(value) from events") == [(50, 2997)]


def test_building_again_replaces(root: Path, warehouse: DuckDBEngine) -> None:
    """A second build has the same result, a changed model another."""
    build(compiled(root, FILES), warehouse)
    build(compiled(root, FILES), warehouse)
    changed = {
        **FILES,
        "models/events.sql": "{{ config(materialized='table') }}select 1 as one from {{ ref('orders') }}",
    }
    assert outcome(build(compiled(root, changed), warehouse))[-1] == ("events", "built", 50)


def test_only_chosen_models_are_built(root: Path, warehouse: DuckDBEngine) -> None:
    """What a chosen model reads must be there already."""
    manifest = compiled(root, FILES)
    assert outcome(build(manifest, warehouse, manifest.select(["stg"]))) == [("stg", "built", None)]
    assert outcome(build(manifest, warehouse, manifest.select(["orders"]))) == [("orders", "built", 50)]


def test_sharding_does_not_change_the_result(
    root: Path, warehouse: DuckDBEngine, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A table built in many passes has the same rows."""
    manifest = compiled(root, FILES)
    build(manifest, warehouse)
    warehouse.execute("create table whole as from orders")
    monkeypatch.setattr(model_run, "TEXT_BYTES_PER_SHARD", 500)
    shards: list[int] = []
    create = DuckDBEngine.create

    def noted(self: DuckDBEngine, relation: str, sql: str, **how: object) -> int | None:
        shards.append(int(str(how["shards"])))
        return create(self, relation, sql, **how)  # type: ignore[arg-type]

    monkeypatch.setattr(DuckDBEngine, "create", noted)
    assert outcome(build(manifest, warehouse))[1] == ("orders", "built", 50)
    assert shards == [1, 12, 1]
    assert warehouse.rows("from orders except all from whole") == []


def test_passes_that_do_not_fit_into_memory_become_smaller(tmp_path: Path) -> None:
    """A sharded table that runs out of memory is begun again with twice the passes, and the person is told."""
    (tmp_path / "data").mkdir()
    path = tmp_path / "data" / "lines.parquet"
    with duckdb.connect() as connection:
        connection.execute(f"copy (select i, md5(cast(i as varchar)) as v from range(300000) t (i)) to '{path}'")
    files = {
        "models/s.yml": FILES["models/s.yml"].replace(".csv", ".parquet"),
        "models/longest.sql": (
            "{{ config(materialized='table', meta={'pusher': {'shard_by': 'k'}}) }}\n"
            "select i % 64 as k, length(string_agg(v || i, ',' order by v)) as letters\n"
            "from {{ source('raw', 'lines') }}\ngroup by i % 64"
        ),
    }
    told = Told()
    small = DuckDBEngine.open(
        tmp_path / "shop.duckdb", settings={"memory_limit": "60MB"}, threads=1, allowed_paths=[path]
    )
    try:
        built = build(compiled(tmp_path, files), small, None, told, FixedClock(STARTED))
        found = small.rows("select count(*), sum(letters) from longest")
    finally:
        small.close()
    with duckdb.connect() as connection:
        whole = connection.execute(f"select sum(length(v || i) + 1) - 64 from '{path}'").fetchall()
    assert outcome(built) == [("longest", "built", 64)]
    assert found == [(64, whole[0][0])]
    assert told.events[:1] == [Notice("longest does not fit into memory_limit; trying again in 2 passes.")]


def broken(**models: str) -> Mapping[str, str]:
    """Return the project with some models replaced."""
    return {**FILES, **{f"models/{name}.sql": text for name, text in models.items()}}


def test_independent_failures_all_show_and_what_is_below_is_skipped(root: Path, warehouse: DuckDBEngine) -> None:
    """Each failure has its place in the user's file; models that do not read it are still built."""
    files = broken(
        orders="{{ config(materialized='table') }}\nselect order_id,\n  value_ as value from {{ ref('eph') }}",
        other="select\n  {% for c in ['pric'] %}{{ c }}{% endfor %} from {{ ref('stg') }}",
        last="select 1 as one",
    )
    told = Told()
    with pytest.raises(BuildError) as caught:
        build(compiled(root, files), warehouse, None, told)
    assert problems(caught.value) == [
        (
            "sql-binder",
            "models/other.sql:2:26",
            'Referenced column "pric" not found in FROM clause.',
            "Did you mean `price`?",
        ),
        (
            "sql-binder",
            "models/orders.sql:3:3",
            'Referenced column "value_" not found in FROM clause.',
            "Name a column of a table in FROM.",
        ),
    ]
    assert caught.value.__notes__ == ["Not built because of this: events."]
    assert [event.model for event in told.events if isinstance(event, ModelBuilt)] == ["last", "stg"]


def test_texts_that_are_no_query_are_all_told_before_anything_is_built(root: Path, warehouse: DuckDBEngine) -> None:
    """Two statements, DDL and a syntax error; what could be built is skipped, and so are tests."""
    files = broken(
        eph="{{ config(materialized='ephemeral') }}\nselect * from {{ ref('stg') }}",
        orders="{{ config(materialized='table') }}\ncreate table t as select 1 as a",
        events="select 1 as a;\nselect 2 as a from {{ ref('orders') }}",
        last="select 1 as\nfrom from",
    )
    files = {**files, "tests/none.sql": "select * from {{ ref('stg') }} where price is null"}
    manifest, told, into = compiled(root, files), Told(), Built([], [])
    surrounded: list[str] = []

    @contextmanager
    def around() -> Iterator[None]:
        surrounded.append("begun")
        yield

    with pytest.raises(BuildError) as caught:
        build(manifest, warehouse, None, told, tests=manifest.tests.values(), into=into, around=around)

    alone = "Write the SELECT alone: its view or table is created by the build."
    one = "Keep one SELECT; every other one is a model of its own."
    assert problems(caught.value) == [
        ("sql-parser", "models/last.sql:2:6", 'Syntax error at or near "from".', "Fix the SQL at this place."),
        ("sql-parser", "models/orders.sql:2:1", "A model is exactly one SELECT; this is CREATE.", alone),
        ("sql-parser", "models/events.sql:2:1", "A model is exactly one SELECT; this text has 2 statements.", one),
    ]
    assert caught.value.__notes__ == ["Nothing was built because of this."]
    assert [(model, status) for model, status, _ in outcome(into)] == [
        ("last", "failed"),
        ("orders", "failed"),
        ("stg", "skipped"),
        ("events", "failed"),
    ]
    assert [(one.test.name, one.status) for one in into.tests] == [("none", "skipped")]
    assert (told.events, surrounded) == ([], [])
    assert warehouse.rows("select view_name from duckdb_views() where not internal") == []


def test_a_model_that_is_not_chosen_may_be_no_query(root: Path, warehouse: DuckDBEngine) -> None:
    """Only what is to be built is looked at."""
    manifest = compiled(root, broken(events="drop table t"))
    assert outcome(build(manifest, warehouse, manifest.select(["stg"]))) == [("stg", "built", None)]


def test_a_value_that_cannot_be_converted_is_not_shown(root: Path, warehouse: DuckDBEngine) -> None:
    """The place is exact when the model's own SQL failed."""
    (root / "data/lines.csv").write_text("order_id,price\nann@example.com,1\n")
    text = (
        "{{ config(materialized='table') }}\n"
        "select\n  cast(price || order_id as int) as id from {{ source('raw', 'lines') }}"
    )
    assert failed(compiled(root, broken(orders=text, events="select 1 as x")), warehouse) == [
        ("sql-conversion", "models/orders.sql:3:3", "A text cannot be converted to INT32.", GUARD)
    ]


def test_a_failure_inside_a_view_names_the_views(root: Path, warehouse: DuckDBEngine) -> None:
    """DuckDB's position may belong to a view's text, so no wrong line is given."""
    (root / "data/lines.csv").write_text("order_id,price\nann@example.com,1\n")
    files = broken(stg="select cast(order_id as integer) as order_id, price from {{ source('raw', 'lines') }}")
    assert failed(compiled(root, files), warehouse) == [
        (
            "sql-conversion",
            "models/orders.sql",
            "A text cannot be converted to INT32 in column order_id (in this model or a view it reads: stg).",
            GUARD,
        )
    ]


def test_a_missing_source_file_fails_the_models_that_read_it(root: Path) -> None:
    """The file is named, and nothing below is tried."""
    manifest = compiled(root, FILES)
    (root / "data/lines.csv").unlink()
    engine = DuckDBEngine.open(root / "shop.duckdb", allowed_paths=manifest.source_paths())
    assert failed(manifest, engine) == [
        (
            "sql-io",
            "models/stg.sql",
            'No file "data/lines.csv" is there.',
            "Put the file there, or correct external_location of the source.",
        )
    ]
    engine.close()


def test_a_model_that_is_no_query_is_not_run(root: Path, warehouse: DuckDBEngine) -> None:
    """Two statements or a WITH that writes are refused before anything happens."""
    writing = "{{ config(materialized='table') }}with x as (delete from keep returning *) select * from x"
    warehouse.execute("create table keep as select 1 as a")
    found = failed(compiled(root, broken(one="select 1; drop table keep", two=writing)), warehouse)
    assert [(code, place, message) for code, place, message, _ in found] == [
        ("sql-parser", "models/one.sql:1:11", "A model is exactly one SELECT; this text has 2 statements."),
        ("sql-parser", "models/two.sql:1:35", "A model only reads; its WITH holds a statement that writes."),
    ]
    assert warehouse.rows("from keep") == [(1,)]


def test_views_over_files_work_for_the_next_process(root: Path, warehouse: DuckDBEngine) -> None:
    """Push opens the same database with the same declared files."""
    manifest = compiled(root, FILES)
    build(manifest, warehouse)
    warehouse.close()
    again = DuckDBEngine.open(root / "shop.duckdb", allowed_paths=manifest.source_paths())
    assert again.rows("select count(*) from stg") == [(1000,)]
    again.close()
    with duckdb.connect(str(root / "shop.duckdb")) as plain:
        assert plain.execute("select count(*) from stg").fetchall() == [(1000,)]
