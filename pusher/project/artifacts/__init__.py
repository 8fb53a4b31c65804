"""manifest.json and run_results.json, as the tools around dbt read them.

The fields are those of dbt's schemas manifest v12 and run-results v6 that say something about a project of pusher.
No row of any table and no value of a unit test's result is in them.
"""

from __future__ import annotations

from pusher.project.artifacts.invocation import MANIFEST, RUN_RESULTS, Invocation, write
from pusher.project.artifacts.manifest import manifest_json
from pusher.project.artifacts.run_results import results, run_results_json

__all__ = ["MANIFEST", "RUN_RESULTS", "Invocation", "manifest_json", "results", "run_results_json", "write"]
