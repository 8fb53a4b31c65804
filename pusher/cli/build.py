"""`pusher build`."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

from pusher.cli import options, render
from pusher.cli.session import session
from pusher.cli.test import test_lines

HELP = """Run models and their data tests in the warehouse, and judge destination views by their contract.

What is below a data test that fails is not built.

Example: pusher build --select +tiktok_offline_events"""


def build(
    *,
    project_dir: options.ProjectDir = Path(),
    profiles_dir: options.ProfilesDir = None,
    target: options.Target = None,
    variables: options.Vars = None,
    select: options.Select = None,
    exclude: options.Exclude = None,
    overrides: options.Set = None,
    clock: options.ClockAt = None,
    full_refresh: options.FullRefresh = False,
    json: options.Json = False,
    quiet: options.Quiet = False,
    no_color: options.NoColor = False,
) -> None:
    """Run models."""
    with session("build", as_json=json, quiet=quiet, no_color=no_color) as current:
        project = current.project(project_dir, profiles_dir, target, variables, overrides=overrides, clock=clock)
        report = project.build(select or (), exclude or (), full_refresh=full_refresh)
        current.body["models"] = [
            {
                "model": one.model,
                "resource_type": one.resource_type,
                "status": one.status,
                "rows": one.rows,
                "seconds": round(one.seconds, 3),
                "strategy": one.strategy,
            }
            for one in report.models
        ]
        current.body["tests"] = [one.as_json() for one in report.tests]
        current.body["coverage"] = [coverage.as_json() for coverage in report.coverage]
        for coverage in report.coverage:
            current.text(f"\n{coverage.model}: {coverage.good:,} of {coverage.rows:,} rows may be sent")
            if coverage.repeated:
                current.text(f"  {coverage.repeated:,} rows repeat an event of the view")
            if coverage.dropped_identifiers:
                current.text(f"  {coverage.dropped_identifiers:,} identifiers are no digests and are left out")
            for reason in coverage.reasons:
                current.text(f"  {reason['rows']:>8,}  {reason['term']}: {reason['reason']} ({reason['field']})")
                current.text(render.wrapped(str(reason["fix"]), "            "))
            current.text(render.warning_lines(coverage.warnings))
        if report.tests:
            current.text(f"\n{test_lines(report.tests)}")
        skipped = [one.model for one in report.models if one.status == "skipped"]
        if skipped:
            current.text(f"not built, because a test failed: {', '.join(skipped)}")
        built = Counter(one.resource_type for one in report.models if one.status == "built")
        seeds = f"{render.counted(built['seed'], 'seed')} and " if built["seed"] else ""
        current.text(f"\nbuilt {seeds}{render.counted(built['model'], 'model')}")
        current.body["_problems"] = tuple(one.problem for one in report.tests if one.is_wrong)
        current.exit_code = 1 if current.body["_problems"] else 0
