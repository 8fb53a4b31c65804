"""Asks the real dbt what the project beside this file means, and keeps the answers for the tests.

::

    python -m tests.dbt.ask_dbt path/to/dbt

The `dbt` must be dbt-core with dbt-duckdb, in an environment of its own: it is no dependency of this project.
"""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

import duckdb

PROJECT = Path(__file__).parent / "project"
EXPECTED = Path(__file__).parent / "expected.json"
PROFILE = "shop: {target: dev, outputs: {dev: {type: duckdb, path: shop.duckdb, threads: 1}}}\n"
CONFIG = ("materialized", "tags", "meta", "schema", "enabled")
KIOSK = Path(__file__).parent / "kiosk.json"
KIOSK_STEPS = [{"most": 3}, {"most": 9}]
# One after the other on the same database.
STEPS: list[dict[str, Any]] = [
    {"vars": {"today": 1, "given": "command line"}, "full_refresh": False},
    {"vars": {"today": 2, "given": "command line"}, "full_refresh": False},
    {"vars": {"today": 3, "extra": True}, "full_refresh": False},
    {"vars": {"today": 2, "extra": False}, "full_refresh": False},
    {"vars": {"today": 2}, "full_refresh": True},
]


def copied(folder: Path) -> Path:
    """Return a copy of the project with a profile."""
    root = Path(shutil.copytree(PROJECT, folder / "project"))
    (root / "profiles.yml").write_text(PROFILE, encoding="utf-8")
    return root


def copied_kiosk(folder: Path) -> Path:
    """Return a copy of the project with hooks and queries."""
    root = Path(shutil.copytree(PROJECT.with_name("kiosk"), folder / "kiosk"))
    (root / "profiles.yml").write_text(PROFILE.replace("shop", "kiosk"), encoding="utf-8")
    return root


def rows_of(database: Path) -> dict[str, Any]:
    """Return columns with types, and rows as text in order, of every table and view."""
    with duckdb.connect(str(database), read_only=True) as connection:
        found = {}
        for schema, name in connection.execute(
            "select table_schema, table_name from information_schema.tables order by all"
        ).fetchall():
            relation = connection.sql(f'from "{schema}"."{name}"')
            columns = [[column, str(kind)] for column, kind in zip(relation.columns, relation.types, strict=True)]
            rows = [[None if value is None else str(value) for value in row] for row in relation.fetchall()]
            found[f"{schema}.{name}"] = {"columns": columns, "rows": sorted(rows, key=str)}
        return found


def _step(dbt: str, root: Path, step: dict[str, Any]) -> dict[str, Any]:
    words = [dbt, "--quiet", "run", "--profiles-dir", ".", "--vars", json.dumps(step["vars"])]
    subprocess.run([*words, *(["--full-refresh"] if step["full_refresh"] else [])], cwd=root, check=False)
    results = json.loads((root / "target/run_results.json").read_text(encoding="utf-8"))["results"]
    return {
        **step,
        "failed": sorted(one["unique_id"].rsplit(".", 1)[1] for one in results if one["status"] != "success"),
        "compiled": {
            one["unique_id"].rsplit(".", 1)[1]: one["compiled_code"].strip() for one in results if one["compiled_code"]
        },
        "database": rows_of(root / "shop.duckdb"),
    }


def _tests(dbt: str, root: Path) -> tuple[dict[str, Any], dict[str, Any]]:
    """Return what dbt's data tests find and what they run, and how its unit tests end."""
    words = [dbt, "--quiet", "test", "--profiles-dir", ".", "--vars", json.dumps(STEPS[-1]["vars"])]
    subprocess.run(words, cwd=root, check=False)
    results = json.loads((root / "target/run_results.json").read_text(encoding="utf-8"))["results"]
    manifest = json.loads((root / "target/manifest.json").read_text(encoding="utf-8"))
    nodes, found = manifest["nodes"], {}
    units = {
        manifest["unit_tests"][one["unique_id"]]["name"]: {
            "status": one["status"],
            "fqn": manifest["unit_tests"][one["unique_id"]]["fqn"],
        }
        for one in results
        if one["unique_id"] in manifest["unit_tests"]
    }
    for one in (result for result in results if result["unique_id"] in nodes):
        node = nodes[one["unique_id"]]
        # The alias is the short form of a long name, but for a table of failures it is what the project says.
        name = node["name"] if node["config"]["store_failures"] else node["alias"]
        found[name] = {
            "status": one["status"],
            "failures": one["failures"],
            "depends_on": sorted(up.rsplit(".", 1)[1] for up in node["depends_on"]["nodes"]),
            "tags": sorted(set(node["tags"])),
            "path": node["original_file_path"],
            "stored": node["relation_name"],
        }
    return found, units


FACTS = (
    "resource_type", "name", "alias", "schema", "fqn", "checksum", "path", "original_file_path", "relation_name",
    "patch_path", "description",
)  # fmt: skip


def _artifacts(dbt: str, name: str, *before: str) -> dict[str, Any]:
    """Return what dbt's artifacts say about another project beside this file."""
    with tempfile.TemporaryDirectory() as folder:
        root = Path(shutil.copytree(PROJECT.with_name(name), Path(folder) / name))
        (root / "profiles.yml").write_text(PROFILE.replace("shop", name), encoding="utf-8")
        words = [dbt, "--quiet", "--no-partial-parse"]
        for command in (*before, "build"):
            subprocess.run([*words, command, "--profiles-dir", "."], cwd=root, check=True)
        manifest = json.loads((root / "target/manifest.json").read_text(encoding="utf-8"))
        results = json.loads((root / "target/run_results.json").read_text(encoding="utf-8"))["results"]
    return {
        "dbt_schema_version": manifest["metadata"]["dbt_schema_version"],
        "parent_map": manifest["parent_map"],
        "child_map": manifest["child_map"],
        "nodes": {key: {fact: node[fact] for fact in FACTS} for key, node in manifest["nodes"].items()},
        "results": {one["unique_id"]: [one["status"], one["failures"]] for one in results},
    }


def kiosk(dbt: str) -> list[dict[str, Any]]:
    """Return what stands in the database after each build of the project with hooks and queries."""
    with tempfile.TemporaryDirectory() as folder:
        root = copied_kiosk(Path(folder))
        found = []
        for variables in KIOSK_STEPS:
            words = [dbt, "--quiet", "build", "--profiles-dir", ".", "--vars", json.dumps(variables)]
            subprocess.run(words, cwd=root, check=True)
            found.append(rows_of(root / "kiosk.duckdb"))
    return found


def ask(dbt: str) -> dict[str, Any]:
    """Return what dbt makes of the project."""
    with tempfile.TemporaryDirectory() as folder:
        root = copied(Path(folder))
        subprocess.run([dbt, "--quiet", "seed", "--profiles-dir", "."], cwd=root, check=True)
        steps = [_step(dbt, root, step) for step in STEPS]
        tests, units = _tests(dbt, root)
        manifest = json.loads((root / "target/manifest.json").read_text(encoding="utf-8"))
    models = {
        node["name"]: {
            "config": {key: node["config"][key] for key in CONFIG},
            "description": node["description"],
            "columns": {name: column["description"] for name, column in node["columns"].items()},
            "depends_on": sorted(one.rsplit(".", 1)[1] for one in node["depends_on"].get("nodes", ())),
            "relation": node["relation_name"],
        }
        for node in manifest["nodes"].values()
        if node["resource_type"] in {"model", "seed"}
    }
    return {
        "dbt": manifest["metadata"]["dbt_version"],
        "models": models,
        "steps": steps,
        "data_tests": tests,
        "unit_tests": units,
        "manifests": {"cafe": _artifacts(dbt, "cafe", "seed"), "market": _artifacts(dbt, "market", "deps")},
    }


if __name__ == "__main__":
    EXPECTED.write_text(json.dumps(ask(sys.argv[1]), indent=1, sort_keys=True) + "\n", encoding="utf-8")
    KIOSK.write_text(json.dumps(kiosk(sys.argv[1]), indent=1, sort_keys=True) + "\n", encoding="utf-8")
