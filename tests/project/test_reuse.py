"""What a build leaves as it is, against a build from nothing after every kind of change."""

from __future__ import annotations

import json
import os
import shutil
import signal
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import duckdb
import pytest

from pusher.cli.app import run as run_command
from pusher.cli.built import report_text
from pusher.errors import BuildError
from pusher.progress import Event, ModelBuilt
from pusher.project import remembering
from pusher.project.facade import LoadOptions, Project
from pusher.project.outcomes import BuildReport

PROFILES = """
shop:
  target: dev
  outputs:
    dev: {type: duckdb, path: shop.duckdb, threads: 1}
    moved: {type: duckdb, path: other.duckdb, threads: 1}
    settings: {type: duckdb, path: shop.duckdb, threads: 1, settings: {memory_limit: 1GB}}
    nothing: {type: duckdb, path: nothing.duckdb, threads: 1}
pusher: {dev: {}, moved: {}, settings: {}, nothing: {}}
"""
FILES = {
    "dbt_project.yml": "name: shop\nprofile: shop\nvars: {least: 1}\n"
    "seeds: {shop: {rates: {+column_types: {rate: double}}}}\n",
    "profiles.yml": PROFILES,
    "data/orders_1.csv": "id,product,amount\n1,a,10\n2,b,20\n",
    "data/orders_2.csv": "id,product,amount\n3,a,30\n",
    "seeds/rates.csv": "product,rate\na,1.5\nb,2.5\n",
    "macros/doubled.sql": "{% macro doubled(x) %}{{ x }} * 2{% endmacro %}\n",
    "models/_models.yml": """
version: 2
sources:
  - name: raw
    tables: [{name: orders, meta: {external_location: "data/orders_*.csv"}}]
  - name: wh
    schema: main
    tables: [{name: stock}]
models:
  - {name: orders, columns: [{name: id, data_tests: [unique, not_null]}]}
  - {name: counted, columns: [{name: amount, data_tests: [{not_null: {config: {severity: warn}}}]}]}
  - {name: moment, columns: [{name: id, data_tests: [not_null]}]}
""",
    "models/stg_orders.sql": "select id, product, amount from {{ source('raw', 'orders') }}\n",
    "models/orders.sql": "{{ config(materialized='table') }}\nwith orders as (select * from {{ ref('stg_orders') }})\n"
    "select id, product, {{ doubled('amount') }} as amount from orders where amount >= {{ var('least') }}\n",
    "models/priced.sql": "{{ config(materialized='table') }}\nselect o.id, o.amount * r.rate as price\n"
    "from {{ ref('orders') }} as o join {{ ref('rates') }} as r using (product)\n",
    "models/lately.sql": "{{ config(materialized='ephemeral') }}\n"
    "select * from {{ source('wh', 'stock') }} where pieces > 0\n",
    "models/counted.sql": "{{ config(materialized='table') }}\n"
    "select product, sum(pieces) as amount from {{ ref('lately') }} group by product\n",
    "models/seen.sql": "select * from {{ ref('counted') }}\n",
    "models/stamped.sql": "{{ config(materialized='table') }}\n"
    "select id, '{{ run_started_at }}' as at from {{ ref('orders') }}\n",
    "models/moment.sql": "{{ config(materialized='table') }}\n"
    "select id, now() is not null as is_now from {{ ref('orders') }}\n",
    "models/below_moment.sql": "select * from {{ ref('moment') }}\n",
    "models/history.sql": "{{ config(materialized='incremental', unique_key='id') }}\n"
    "select id, amount from {{ ref('orders') }}\n",
    "models/below_history.sql": "{{ config(materialized='table') }}\nselect * from {{ ref('history') }}\n",
}
_RELATIONS = """
select table_name from duckdb_tables() where database_name = 'nothing' and schema_name = 'main'
union all select view_name from duckdb_views() where database_name = 'nothing' and not internal
"""
OF_FILES = {"stg_orders", "orders", "priced", "unique_orders_id", "not_null_orders_id"}
OF_STOCK = {"counted", "seen", "not_null_counted_amount"}
SETTLED = {*OF_FILES, *OF_STOCK, "rates"}
NEVER = {"stamped", "moment", "below_moment", "not_null_moment_id", "history", "below_history"}
EVERYTHING = SETTLED | NEVER


@dataclass(frozen=True)
class Shop:
    """A project and its database."""

    root: Path

    def write(self, name: str, text: str) -> None:
        """Write a file of the project."""
        path = self.root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")

    def sql(self, *statements: str, database: str = "shop.duckdb") -> list[Any]:
        """Run statements as another program would; return the rows of the last."""
        with duckdb.connect(str(self.root / database)) as connection:
            for statement in statements:
                connection.execute(statement)
            return connection.fetchall()

    def project(self, target: str = "dev", **options: Any) -> Project:
        """Load the project."""
        return Project.load(LoadOptions(project_dir=self.root, target=target, **options))

    def report(self, target: str = "dev", variables: Mapping[str, Any] | None = None, **how: Any) -> BuildReport:
        """Build it."""
        return self.project(target, vars=variables or {}).build(**how)

    def kept(self, *select: str, **how: Any) -> set[str]:
        """Build it; return what stayed as it was."""
        report = self.report(select=select, **how)
        tests = {one.test.name for one in report.tests if one.as_json().get("reused")}
        return {one.model for one in report.models if one.is_reused} | tests

    def check(self, variables: Mapping[str, Any] | None = None) -> None:
        """Compare every relation with that of a build from nothing."""
        (self.root / "nothing.duckdb").unlink(missing_ok=True)
        shop = self.root / "shop.duckdb"
        with duckdb.connect(str(self.root / "nothing.duckdb")) as connection:
            connection.execute(f"attach '{shop}' as shop (read_only)")
            connection.execute("create table stock as from shop.main.stock")
        self.report("nothing", variables)
        with duckdb.connect(str(self.root / "nothing.duckdb")) as connection:
            connection.execute(f"attach '{shop}' as shop (read_only)")
            found = connection.execute(_RELATIONS).fetchall()
            # What is added to keeps rows that are gone, and one table says when it was built.
            names = {name for (name,) in found} - {"history", "below_history", "stamped"}
            assert len(names) > 1
            for name in names:
                ours, theirs = f'shop.main."{name}"', f'nothing.main."{name}"'
                for one, other in ((ours, theirs), (theirs, ours)):
                    assert connection.execute(f"from {one} except all from {other}").fetchall() == [], name


@pytest.fixture
def shop(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Shop:
    """Return a project that was built once; its files were written long before, as far as anybody can tell."""
    monkeypatch.setattr(remembering, "QUIET_NS", 0)
    # Tests may lie in memory, of which a user's files prove nothing; no program here writes to one that it maps.
    monkeypatch.setattr(remembering, "_MADE_UP", ("/proc/", "/sys/"))
    made = Shop(tmp_path)
    for name, text in FILES.items():
        made.write(name, text)
    made.sql("create table stock as select * from (values ('a', 3), ('b', 0)) as t(product, pieces)")
    assert made.kept() == set()
    return made


def rewrite_with_its_time(shop: Shop) -> None:
    """Change a file, keeping its size and its time."""
    path = shop.root / "data/orders_1.csv"
    before = path.stat()
    path.write_text(FILES["data/orders_1.csv"].replace("10", "99"), "utf-8")
    os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))
    assert (path.stat().st_size, path.stat().st_mtime_ns) == (before.st_size, before.st_mtime_ns)


def replace_file(shop: Shop) -> None:
    """Put another file in a file's place."""
    shop.write("data/new", FILES["data/orders_1.csv"].replace("10", "11"))
    (shop.root / "data/new").replace(shop.root / "data/orders_1.csv")


def link_elsewhere(shop: Shop) -> None:
    """Let a link take a file's place."""
    shop.write("elsewhere.csv", FILES["data/orders_1.csv"].replace("10", "12"))
    (shop.root / "data/orders_1.csv").unlink()
    (shop.root / "data/orders_1.csv").symlink_to(shop.root / "elsewhere.csv")


def crash_after_writing(shop: Shop) -> None:
    """Leave what a program wrote in the log beside the database, as one that was killed does."""
    pid = os.fork()
    if pid == 0:
        connection = duckdb.connect(str(shop.root / "shop.duckdb"))
        connection.execute("insert into stock values ('a', 100)")
        os._exit(0)
    os.waitpid(pid, 0)
    assert (shop.root / "shop.duckdb.wal").is_file()


def restore_an_older_database(shop: Shop) -> None:
    """Put back a copy of the database, with its times."""
    shutil.copy2(shop.root / "shop.duckdb", shop.root / "copy.duckdb")
    shop.sql("insert into stock values ('a', 100)")
    shop.kept()
    (shop.root / "copy.duckdb").replace(shop.root / "shop.duckdb")


def edit_memory(change: Callable[[dict[str, Any]], None]) -> Callable[[Shop], None]:
    """Return what changes the file in which a build is remembered."""

    def edit(shop: Shop) -> None:
        (path,) = (shop.root / "target").glob("last-build-*.json")
        content = json.loads(path.read_text("utf-8"))
        change(content)
        path.write_text(json.dumps(content), "utf-8")

    return edit


def damage_memory(shop: Shop) -> None:
    """Cut the file in which a build is remembered."""
    (path,) = (shop.root / "target").glob("last-build-*.json")
    path.write_bytes(path.read_bytes()[:-20])


def replace_in(name: str, old: str, new: str) -> Callable[[Shop], None]:
    """Return what changes a file of the project."""

    def edit(shop: Shop) -> None:
        assert old in FILES[name]
        shop.write(name, FILES[name].replace(old, new))

    return edit


def run(*statements: str) -> Callable[[Shop], None]:
    """Return what another program does to the database."""

    def run_them(shop: Shop) -> None:
        shop.sql(*statements)

    return run_them


CHANGES: dict[str, tuple[Callable[[Shop], Any], set[str]]] = {
    "nothing": (lambda _: None, SETTLED),
    "a query of another program": (run("select count(*) from orders"), SETTLED),
    "a second build": (Shop.kept, SETTLED),
    "tests alone": (lambda shop: shop.project().test(), SETTLED),
    "rows shown": (lambda shop: shop.project().show("orders", limit=2), SETTLED),
    "a description": (
        replace_in("models/_models.yml", "{name: orders, columns", "{name: orders, description: x, columns"),
        SETTLED,
    ),
    "a source file edited": (
        replace_in("data/orders_1.csv", "1,a,10", "1,a,1000"),
        SETTLED - OF_FILES,
    ),
    "a source file edited, with its size and time": (rewrite_with_its_time, SETTLED - OF_FILES),
    "a source file replaced": (replace_file, SETTLED - OF_FILES),
    "a link in the place of a source file": (link_elsewhere, SETTLED - OF_FILES),
    "a source file added": (
        lambda shop: shop.write("data/orders_3.csv", "id,product,amount\n4,a,1\n"),
        SETTLED - OF_FILES,
    ),
    "a source file gone": (lambda shop: (shop.root / "data/orders_2.csv").unlink(), SETTLED - OF_FILES),
    "a seed edited": (replace_in("seeds/rates.csv", "1.5", "3.5"), SETTLED - OF_FILES - {"rates"}),
    "the type of a seed's column": (
        replace_in("dbt_project.yml", "rate: double", "rate: float"),
        SETTLED - {"rates", "priced"},
    ),
    "a row of a source table": (run("insert into stock values ('a', 4)"), set()),
    "a row of a source table, in the log of a program that died": (crash_after_writing, set()),
    "a table of somebody else": (run("create table other (i int)"), set()),
    "a view dropped": (run("drop view seen"), set()),
    "a view replaced by hand": (run("create or replace view seen as select 1 as x"), set()),
    "a table in the place of a view": (run("drop view seen", "create table seen as select 1 as x"), set()),
    "rows of a model changed by hand": (run("update orders set amount = 0"), set()),
    "an older copy of the database": (restore_an_older_database, set()),
    "the database gone": (
        lambda shop: [
            shutil.copy2(shop.root / "shop.duckdb", shop.root / "c"),
            (shop.root / "c").replace(shop.root / "shop.duckdb"),
        ],
        set(),
    ),
    "a macro": (
        replace_in("macros/doubled.sql", "* 2", "* 3"),
        SETTLED - {"orders", "priced", "unique_orders_id", "not_null_orders_id"},
    ),
    "a var of the project": (
        replace_in("dbt_project.yml", "least: 1", "least: 15"),
        SETTLED - {"orders", "priced", "unique_orders_id", "not_null_orders_id"},
    ),
    "the SQL of a table": (replace_in("models/priced.sql", "o.id,", "o.id, 1 as one,"), SETTLED - {"priced"}),
    "the SQL of an ephemeral model": (
        replace_in("models/lately.sql", "> 0", ">= 0"),
        SETTLED - OF_STOCK,
    ),
    "a view that becomes a table": (
        lambda shop: shop.write("models/seen.sql", "{{ config(materialized='table') }}\n" + FILES["models/seen.sql"]),
        SETTLED - {"seen"},
    ),
    "another name of a relation": (
        lambda shop: shop.write("models/counted.sql", "{{ config(alias='pieces') }}\n" + FILES["models/counted.sql"]),
        SETTLED - OF_STOCK,
    ),
    "the severity of a test": (
        replace_in("models/_models.yml", "severity: warn", "severity: error"),
        SETTLED - {"not_null_counted_amount"},
    ),
    "a test that keeps its rows": (
        replace_in("models/_models.yml", "severity: warn", "severity: warn, store_failures: true"),
        SETTLED - {"not_null_counted_amount"},
    ),
    "a test more": (
        replace_in(
            "models/_models.yml",
            "columns: [{name: amount,",
            "columns: [{name: product, data_tests: [unique]}, {name: amount,",
        ),
        SETTLED,
    ),
    "a memory that is cut": (damage_memory, set()),
    "a memory of another form": (edit_memory(lambda found: found["surroundings"].update(format=0)), set()),
    "a memory of another DuckDB": (edit_memory(lambda found: found["surroundings"].update(engine="1.5.6")), set()),
    "a memory with a wrong entry": (edit_memory(lambda found: found["models"]["orders"].update(reads=[1])), set()),
    "no memory": (lambda shop: shutil.rmtree(shop.root / "target"), set()),
}


@pytest.mark.parametrize("change", CHANGES)
def test_what_stays_is_what_a_build_from_nothing_makes(shop: Shop, change: str) -> None:
    """After a change exactly what cannot have changed stays, and all rows are as from nothing."""
    make, expected = CHANGES[change]
    make(shop)
    assert shop.kept() == expected
    # A build that keeps nothing is one from nothing.
    if expected:
        shop.check()


@pytest.mark.parametrize(
    "sql",
    [
        "select * from main.stock",
        "select * from shop.main.rates",
        "select *, random() as x from {{ ref('counted') }}",
        "select * from {{ ref('counted') }} using sample 1",
        "select *, current_date as day from {{ ref('counted') }}",
    ],
)
def test_what_is_not_proven_to_come_out_the_same_is_built_each_time(shop: Shop, sql: str) -> None:
    """A table that is read by its name, chance, and the clock."""
    shop.write("models/seen.sql", sql)
    assert (shop.kept("seen"), shop.kept("seen")) == (set(), set())


def test_a_function_that_somebody_made_is_no_function_of_duckdb(shop: Shop) -> None:
    """What calls it is built each time, because it may do anything."""
    shop.sql("create macro sum(x) as max(x)")
    assert shop.kept() == set()
    assert shop.kept() == SETTLED - OF_STOCK


def test_a_source_that_is_somebody_elses_view_is_read_each_time(shop: Shop) -> None:
    """Its rows may change although nobody writes to the database."""
    shop.sql("alter table stock rename to kept_stock", "create view stock as from kept_stock")
    assert shop.kept() == set()
    assert shop.kept() == SETTLED - OF_STOCK


def test_a_source_with_a_computed_column_is_read_each_time(shop: Shop) -> None:
    """It may be computed by the clock."""
    shop.sql("drop table stock", "create table stock (product varchar, pieces int, seen_at timestamp as (now()))")
    assert shop.kept() == set()
    assert shop.kept() == SETTLED - OF_STOCK


@pytest.mark.parametrize("how", [{"full_refresh": True}, {"reuse": False}])
def test_everything_is_built_when_that_is_asked_for(shop: Shop, how: dict[str, bool]) -> None:
    """And is remembered: the next build leaves it as it is."""
    assert shop.kept(**how) == set()
    assert shop.kept() == SETTLED


def test_another_target_has_a_memory_of_its_own(shop: Shop) -> None:
    """One with another database knows nothing of it, and leaves the first one alone."""
    shutil.copy2(shop.root / "shop.duckdb", shop.root / "other.duckdb")
    assert shop.kept(target="moved") == set()
    assert (shop.kept(target="moved"), shop.kept()) == (SETTLED, SETTLED)


def test_another_target_with_the_same_database_is_another_writer(shop: Shop) -> None:
    """What it wrote cannot be told from what anybody else would have written."""
    assert shop.kept(target="settings") == set()
    assert (shop.kept(), shop.kept()) == (set(), SETTLED)


def test_variables_are_part_of_the_sql(shop: Shop) -> None:
    """A value of the command line changes what uses it, and so does its absence."""
    changed = {"orders", "priced", "unique_orders_id", "not_null_orders_id"}
    assert shop.kept(variables={"least": 15}) == SETTLED - changed
    shop.check({"least": 15})
    assert shop.kept() == SETTLED - changed
    shop.check()


def test_what_was_not_asked_for_is_built_when_what_it_reads_was(shop: Shop) -> None:
    """A build of one model makes what is below it stale, also where that is not part of the build."""
    shop.write("data/orders_2.csv", "id,product,amount\n5,b,50\n")
    assert shop.kept("stg_orders") == set()
    assert shop.kept() == SETTLED - OF_FILES | {"stg_orders"}
    shop.check()


def test_a_model_above_which_something_is_stale_is_built(shop: Shop) -> None:
    """Also where only the model itself is asked for; and it does not count as up to date afterwards."""
    shop.write("macros/doubled.sql", "{% macro doubled(x) %}{{ x }} * 5{% endmacro %}\n")
    assert shop.kept("priced") == set()
    assert shop.kept() == SETTLED - {"orders", "priced", "unique_orders_id", "not_null_orders_id"}
    shop.check()


def test_what_was_not_built_yet_is_built(shop: Shop) -> None:
    """A model that is taken out and comes back is built, whatever stands under its name."""
    shop.write("dbt_project.yml", FILES["dbt_project.yml"] + "models: {shop: {priced: {+enabled: false}}}\n")
    assert shop.kept() == SETTLED - {"priced"}
    shop.write("dbt_project.yml", FILES["dbt_project.yml"])
    assert shop.kept() == SETTLED - {"priced"}
    shop.check()


def test_a_build_that_failed_is_not_remembered(shop: Shop) -> None:
    """Everything is built by the one after it."""
    shop.write(
        "models/priced.sql", "{{ config(materialized='table') }}\nselect error('no') as x from {{ ref('orders') }}\n"
    )
    with pytest.raises(BuildError):
        shop.kept()
    shop.write("models/priced.sql", FILES["models/priced.sql"])
    assert (shop.kept(), shop.kept()) == (set(), SETTLED)


def test_a_test_that_failed_or_warned_is_run_again(shop: Shop) -> None:
    """Until it passes; what is below a failure is built once it does."""
    shop.sql("update stock set product = null")
    assert shop.kept() == set()
    shop.write("models/_models.yml", FILES["models/_models.yml"].replace("name: amount,", "name: product,"))
    warned = shop.report()
    assert [one.status for one in warned.tests if one.test.name == "not_null_counted_product"] == ["warn"]
    assert shop.kept() == SETTLED - {"not_null_counted_amount"}
    shop.write(
        "models/_models.yml",
        FILES["models/_models.yml"].replace("name: amount,", "name: product,").replace("warn", "error"),
    )
    failed = shop.report()
    assert [one.model for one in failed.models if one.status == "skipped"] == ["seen"]
    assert shop.kept() == SETTLED - {"not_null_counted_amount", "seen"}


def test_a_killed_build_is_not_remembered(shop: Shop) -> None:
    """Whatever it had built when it was killed."""
    shop.write("data/orders_1.csv", "id,product,amount\n7,b,70\n")
    pid = os.fork()
    if pid == 0:

        def kill(event: Event) -> None:
            if isinstance(event, ModelBuilt) and event.model == "orders":
                os.kill(os.getpid(), signal.SIGKILL)

        Project.load(LoadOptions(project_dir=shop.root, target="dev"), listener=kill).build()
        os._exit(0)
    assert os.waitpid(pid, 0)[1] == signal.SIGKILL
    assert shop.kept() == set()
    shop.check()


def test_a_file_that_may_change_within_its_time_proves_nothing(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    """A file that was written just now can be written again without another time to show for it."""
    monkeypatch.setattr(remembering, "QUIET_NS", 3_600_000_000_000)
    assert shop.kept() == SETTLED - OF_FILES - {"rates"}


def test_what_stays_is_told(shop: Shop) -> None:
    """Rows and results are those of the build that made them; dbt's own file calls it a success."""
    report = shop.report()
    told = {
        one.model: (one.status, one.rows, one.is_reused) for one in report.models if one.model in {"orders", "seen"}
    }
    assert told == {"orders": ("built", 3, True), "seen": ("built", None, True)}
    results = json.loads((shop.root / "target/run_results.json").read_text("utf-8"))["results"]
    of = {one["unique_id"].split(".")[2]: one for one in results}
    assert [
        (of[name]["status"], of[name]["message"], of[name]["failures"]) for name in ("orders", "unique_orders_id")
    ] == [
        ("success", "Reused: it would come out the same.", None),
        ("pass", "Reused: it would come out the same.", 0),
    ]
    assert report_text(report).splitlines()[-1] == (
        "built 5 models; 1 seed, 5 models and 3 data tests would come out the same and stay as before"
    )


def test_the_command_builds_everything_when_it_is_told_to(shop: Shop, capsys: pytest.CaptureFixture[str]) -> None:
    """`--no-reuse` leaves nothing alone; `reused` says so for each model and test."""

    def reused(*words: str) -> set[bool]:
        assert run_command(["build", "--project-dir", str(shop.root), "--json", "--select", "counted", *words]) == 0
        said = json.loads(capsys.readouterr().out)
        return {one["reused"] for one in (*said["models"], *said["tests"])}

    assert (reused("--no-reuse"), reused()) == ({False}, {True})


WRITES = "on-run-start: create table if not exists journal (word varchar)\n"
ASKS = (
    "{% set found = run_query('select max(amount) as most from ' ~ ref('orders')) %}\n"
    "select {{ found.columns[0].values()[0] if execute else 0 }} as most\n"
)


@pytest.mark.parametrize(
    ("name", "text"),
    [("dbt_project.yml", FILES["dbt_project.yml"] + WRITES), ("models/asking.sql", ASKS)],
    ids=["hooks", "queries"],
)
def test_nothing_stays_of_a_project_with_hooks_or_queries(shop: Shop, name: str, text: str) -> None:
    """What they write and what they answer is in no text that could be compared; without them nothing is remembered."""
    before = FILES.get(name)
    shop.write(name, text)

    assert (shop.kept(), shop.kept()) == (set(), set())

    if before is None:
        (shop.root / name).unlink()
    else:
        shop.write(name, before)
    assert (shop.kept(), shop.kept() & SETTLED) == (set(), SETTLED)
