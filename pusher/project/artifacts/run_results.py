"""run_results.json: what became of each model and test of a build."""

from __future__ import annotations

from typing import Any

from pusher.builds.data_tests import DataTestResult
from pusher.builds.run import Built, BuiltModel
from pusher.builds.unit_tests import UnitTestResult
from pusher.compile import Manifest
from pusher.project.artifacts.ids import Ids
from pusher.project.artifacts.invocation import Invocation

_STATUSES = {"built": "success", "failed": "error", "skipped": "skipped"}
# dbt's schema has no status of its own for what stands because a build would not change it.
REUSED = "Reused: it would come out the same."


def run_results_json(manifest: Manifest, built: Built, invocation: Invocation, elapsed_s: float) -> dict[str, Any]:
    """Return the content of run_results.json.

    Args:
        manifest: The project as it was built.
        built: What became of its models and tests.
        invocation: The command.
        elapsed_s: How long it took.
    """
    ids = Ids(manifest)
    return {
        "metadata": invocation.metadata("run-results/v6"),
        "results": [
            *(_built(manifest, ids, one) for one in built.models),
            *(_tested(ids, one) for one in built.tests),
        ],
        "elapsed_time": elapsed_s,
        "args": {"which": invocation.command},
    }


def results(manifest: Manifest, built: Built) -> list[dict[str, Any]]:
    """Return what became of models and tests as run_results.json has it, each with its name."""
    ids = Ids(manifest)
    models = [{**_built(manifest, ids, one), "name": one.model} for one in built.models]
    return [*models, *({**_tested(ids, one), "name": one.test.name} for one in built.tests)]


def _result(unique_id: str, status: str, seconds: float, message: str | None) -> dict[str, Any]:
    return {
        "status": status,
        "timing": [],
        "thread_id": "MainThread",
        "execution_time": seconds,
        "adapter_response": {},
        "message": message,
        "failures": None,
        "unique_id": unique_id,
        "compiled": status != "skipped",
        "compiled_code": None,
        "relation_name": None,
        "batch_results": None,
    }


def _built(manifest: Manifest, ids: Ids, one: BuiltModel) -> dict[str, Any]:
    model = manifest.models[one.model]
    rows = {} if one.rows is None else {"rows_affected": one.rows}
    message = one.message or (REUSED if one.is_reused else "OK" if one.status == "built" else None)
    return {
        **_result(ids.model(one.model), _STATUSES[one.status], one.seconds, message),
        "adapter_response": {"_message": "OK", **rows} if one.status == "built" else {},
        "compiled_code": model.compiled_sql or None,
        "relation_name": str(model.relation),
    }


def _tested(ids: Ids, one: DataTestResult | UnitTestResult) -> dict[str, Any]:
    if isinstance(one, UnitTestResult):
        unique_id, failures = ids.unit_test(one.test), one.as_json()["failures"]
    else:
        unique_id, failures = ids.data_test(one.test), one.failures
    is_reused = isinstance(one, DataTestResult) and one.is_reused
    return {
        **_result(unique_id, one.status, one.seconds, one.message or (REUSED if is_reused else None)),
        "failures": failures,
        "compiled_code": one.test.compiled_sql,
    }
