"""manifest.json and run_results.json: what dbt's readers find in them."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from copy import deepcopy
from pathlib import Path
from typing import Any

import pytest

from tests.cli.conftest import pusher
from tests.dbt.both import cafe, market
from tests.dbt.test_same_as_dbt import said


@pytest.fixture(name="root")
def _root(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    root = tmp_path / "cafe"
    cafe(root)
    monkeypatch.chdir(root)
    return root


def artifact(root: Path, name: str) -> Any:
    """Return the content of an artifact."""
    return json.loads((root / "target" / f"{name}.json").read_text(encoding="utf-8"))


@pytest.mark.parametrize("copy", [cafe, market])
def test_a_manifest_has_the_ids_edges_and_checksums_of_dbt(
    copy: Callable[[Path], None], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Of every model, seed, source, data test and unit test, those of packages too."""
    root = tmp_path / "project"
    copy(root)
    monkeypatch.chdir(root)
    assert pusher("compile", "--quiet").code == 0
    ours = artifact(root, "manifest")
    project = ours["metadata"]["project_name"]
    theirs = deepcopy(said()["manifests"][project])
    if project == "cafe":
        # Here an edge to the seed behind a source is added.
        theirs["parent_map"]["model.cafe.stg_bills"].insert(0, "seed.cafe.raw_bills")
        theirs["child_map"]["seed.cafe.raw_bills"] = ["model.cafe.stg_bills"]
    assert {key: ours[key] for key in ("parent_map", "child_map")} == {
        key: theirs[key] for key in ("parent_map", "child_map")
    }
    facts = next(iter(theirs["nodes"].values())).keys()
    for node in theirs["nodes"].values():
        # The schema of a table that is not made.
        node["schema"] = node["schema"] if node["relation_name"] else ""
    assert {key: {fact: node.get(fact) for fact in facts} for key, node in ours["nodes"].items()} == theirs["nodes"]
    assert ours["metadata"]["dbt_schema_version"] == theirs["dbt_schema_version"]
    assert ours["metadata"]["adapter_type"] == "duckdb"


def test_run_results_have_the_statuses_of_dbt(root: Path) -> None:
    """One entry for each thing that ran, under the id that the manifest has."""
    assert pusher("build", "--quiet").code == 0
    found = {one["unique_id"]: [one["status"], one["failures"]] for one in artifact(root, "run_results")["results"]}
    assert found == said()["manifests"]["cafe"]["results"]
    assert found.keys() <= artifact(root, "manifest")["child_map"].keys()


def test_run_results_are_kept_of_a_build_that_fails(root: Path) -> None:
    """With the message, without values; what is below is skipped."""
    (root / "models/guests.sql").write_text(
        "select cast(last_name as integer) as guest_id from {{ ref('stg_guests') }}"
    )

    assert pusher("build", "--quiet", "--exclude", "resource_type:test").code == 2

    results = {one["unique_id"]: one for one in artifact(root, "run_results")["results"]}
    failed = results["model.cafe.guests"]
    message = "A text cannot be converted to INT32 in column last_name (in this model or a view it reads: stg_guests)."
    assert (failed["status"], failed["message"]) == ("error", message)
    assert results["model.cafe.bills"]["status"] == "success"
    assert results["model.cafe.bills"]["adapter_response"] == {"_message": "OK", "rows_affected": 5}


def test_run_results_of_tests_alone_are_those_of_the_tests(root: Path) -> None:
    """`pusher test` replaces what a build left."""
    pusher("build", "--quiet")
    assert pusher("test", "--quiet", "--select", "test_type:unit").code == 0
    found = artifact(root, "run_results")
    assert [(one["unique_id"], one["status"]) for one in found["results"]] == [
        ("unit_test.cafe.bills.methods_add_up", "pass")
    ]
    assert found["args"] == {"which": "test"}
    assert found["metadata"]["invocation_id"] == artifact(root, "manifest")["metadata"]["invocation_id"]


@pytest.mark.parametrize("command", ["compile", "build", "test"])
def test_a_folder_that_cannot_be_written_is_told(root: Path, command: str) -> None:
    """A file stands where target/ should be."""
    pusher("build", "--quiet")
    shutil.rmtree(root / "target")
    (root / "target").touch()
    ran = pusher(command, "--json")
    assert (ran.code, [(one["message"], one["fix"]) for one in ran.json["errors"]]) == (
        2,
        [("Cannot write target/: Not a directory.", "Check space and rights of target/.")],
    )
