"""The project beside this file means to pusher what it means to dbt; `ask_dbt.py` keeps dbt's answers."""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from pusher.builds.data_tests import run_tests
from pusher.builds.run import build, standing
from pusher.builds.unit_tests import UnitTestRun
from pusher.builds.workers import Surroundings
from pusher.clock import SystemClock
from pusher.compile import Manifest, inspect, load
from pusher.config import load_profile, load_project_file
from pusher.engines.duckdb import DuckDBEngine
from pusher.errors import BuildError
from pusher.progress import silent
from tests.cli.conftest import pusher
from tests.compile.support import STARTED
from tests.dbt.ask_dbt import CONFIG, EXPECTED, STEPS, copied, rows_of
from tests.dbt.both import cafe


@cache
def said() -> Any:
    """Return dbt's answers."""
    return json.loads(EXPECTED.read_text(encoding="utf-8"))


def read(root: Path, variables: Mapping[str, Any]) -> Manifest:
    """Compile the project."""
    file = load_project_file(root)
    profile = load_profile(project_root=root, profile_name=file.profile, profiles_dir=root, target=None)
    return load(file, profile, vars=variables, run_started_at=STARTED)


def folded(sql: str) -> str:
    """Return SQL without line ends and blanks beside brackets: dbt puts other ones around what it inlines."""
    return re.sub(r" ?([(),\[\]]) ?", r"\1", " ".join(sql.split()))


@pytest.fixture(name="root")
def _root(tmp_path: Path) -> Path:
    return copied(tmp_path)


def test_models_are_configured_described_and_connected_as_in_dbt(root: Path) -> None:
    """Folders with and without `+`, properties and config() in their order; tags, meta, doc blocks, names; seeds."""
    ours = {
        model.name: {
            "config": {key: model.config.get(key) for key in CONFIG},
            "description": model.description,
            "columns": {name: column.description for name, column in model.columns.items()},
            "depends_on": sorted(model.depends_on),
            "relation": None if model.materialized == "ephemeral" else str(model.relation),
        }
        for model in read(root, STEPS[-1]["vars"]).models.values()
    }
    # dbt keeps tags as often as they are given, and in that order.
    theirs = {
        name: {**one, "config": {**one["config"], "tags": sorted(set(one["config"]["tags"]))}}
        for name, one in said()["models"].items()
    }
    assert ours == theirs


def test_every_build_has_the_sql_and_the_rows_of_dbt(root: Path) -> None:
    """Five builds on one database: seeds, rows that come again, columns that change, failures, a full refresh."""
    assert [{key: one[key] for key in ("vars", "full_refresh")} for one in said()["steps"]] == STEPS
    for step in said()["steps"]:
        manifest = read(root, step["vars"])
        failed: list[str] = []
        engine = DuckDBEngine.open(root / "shop.duckdb", allowed_paths=manifest.source_paths())
        manifest = manifest.standing(standing(manifest, engine, full_refresh=step["full_refresh"]))
        try:
            build(manifest, engine)
        except BuildError as error:
            failed = sorted(Path(str(problem.file)).stem for problem in error.problems)
        engine.close()
        compiled = {name: folded(manifest.models[name].compiled_sql) for name in step["compiled"]}
        assert compiled == {name: folded(sql) for name, sql in step["compiled"].items()}
        assert failed == step["failed"]
        assert rows_of(root / "shop.duckdb") == step["database"]


def test_unit_tests_end_as_in_dbt(root: Path) -> None:
    """Rows in YAML, CSV and SQL, in files and of a seed; overrides; both builds of an incremental model."""
    manifest = read(root, STEPS[-1]["vars"])
    engine = DuckDBEngine.in_memory(allowed_paths=manifest.source_paths())
    run = UnitTestRun(manifest, engine, inspect(manifest, engine), SystemClock())
    found = {
        test.name: {"status": run.run(test).status, "fqn": list(test.fqn)} for test in manifest.unit_tests.values()
    }
    engine.close()
    assert found == said()["unit_tests"]


def test_data_tests_have_the_names_and_the_verdicts_of_dbt(root: Path) -> None:
    """Generic ones with all their settings, ones of the project, an ephemeral model, a query of its own."""
    manifest = read(root, STEPS[-1]["vars"])
    engine = DuckDBEngine.open(root / "shop.duckdb", allowed_paths=manifest.source_paths())
    build(manifest, engine, manifest.select(["people", "types"]))
    around = Surroundings(engine, silent, SystemClock(), workers=2)
    found = {one.test.name: one for one in run_tests(manifest, manifest.tests.values(), around)}
    engine.close()

    assert {
        name: {
            "status": one.status,
            "failures": one.failures,
            "depends_on": sorted(one.test.depends_on),
            "tags": sorted(one.test.tags),
            "path": one.test.file,
            "stored": one.as_json()["stored"],
        }
        for name, one in found.items()
    } == said()["data_tests"]


def test_a_cafe_is_built_with_its_tests(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Seeds behind sources, loops in SQL, docs and tests of all kinds; `both.py` compares it with dbt's."""
    root = tmp_path / "cafe"
    cafe(root)
    monkeypatch.chdir(root)

    built = pusher("build", "--json")

    assert (built.code, built.err) == (0, "")
    assert [(one["model"], one["rows"]) for one in built.json["models"]] == [
        ("raw_bills", 5),
        ("raw_guests", 4),
        ("raw_payments", 6),
        ("stg_bills", None),
        ("stg_guests", None),
        ("stg_payments", None),
        ("bills", 5),
        ("column_names", 1),
        ("guests", 4),
    ]
    found = Counter((one["kind"], one["status"]) for one in built.json["tests"])
    assert found == {
        ("accepted_values", "pass"): 2,
        ("not_null", "pass"): 6,
        ("not_null", "warn"): 1,
        ("relationships", "pass"): 1,
        ("unique", "pass"): 5,
        ("unit", "pass"): 1,
    }
    assert sorted(rows_of(root / "cafe.duckdb")["main.people"]["rows"]) == [
        ["1", "Ann A.", "2026-01-01", "2026-01-04", "2", "15.00"],
        ["2", "Bo B.", "2026-02-05", "2026-02-05", "2", "19.99"],
        ["3", None, "2026-01-02", "2026-01-02", "1", "3.00"],
        ["4", "Dan D.", None, None, None, None],
    ]
