"""What a build did, as text for a person."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from pusher.cli import render
from pusher.cli.identity import identity_table
from pusher.cli.test import test_lines
from pusher.plural import counted

if TYPE_CHECKING:
    from pusher.project.outcomes import BuildReport


def report_text(report: BuildReport) -> str:
    """Return what a build did, for a person."""
    lines: list[str] = []
    for coverage in report.coverage:
        lines.append(f"\n{coverage.model}: {coverage.good:,} of {counted(coverage.rows, 'row')} may be sent")
        if coverage.repeated:
            what = "a member" if coverage.is_audience else "an event"
            repeat = "1 row repeats" if coverage.repeated == 1 else f"{coverage.repeated:,} rows repeat"
            lines.append(f"  {repeat} {what} of the view")
        if coverage.dropped_identifiers:
            dropped = f"{coverage.dropped_identifiers:,} identifiers identify nobody and are"
            if coverage.dropped_identifiers == 1:
                dropped = "1 identifier identifies nobody and is"
            lines.append(f"  {dropped} left out")
        for reason in coverage.reasons:
            lines.append(f"  {reason['rows']:>8,}  {reason['term']}: {reason['reason']} ({reason['field']})")
            lines.append(render.wrapped(str(reason["fix"]), "            "))
        lines.append(render.warning_lines(coverage.warnings))
        lines.append(identity_table(coverage.identity))
    if report.tests:
        lines.append(f"\n{test_lines(report.tests)}")
    skipped = [one.model for one in report.models if one.status == "skipped"]
    if skipped:
        lines.append(f"not built, because a test failed: {', '.join(skipped)}")
    built = Counter(one.resource_type for one in report.models if one.status == "built" and not one.is_reused)
    seeds = f"{counted(built['seed'], 'seed')} and " if built["seed"] else ""
    lines.append(f"\nbuilt {seeds}{counted(built['model'], 'model')}{_kept(report)}")
    return "\n".join(line for line in lines if line)


def _kept(report: BuildReport) -> str:
    """Say what stays as it is; nothing where nothing does."""
    # Whoever asks for help waits for no engine.
    from pusher.builds.data_tests import DataTestResult

    kept = Counter(one.resource_type for one in report.models if one.is_reused)
    tests = sum(isinstance(one, DataTestResult) and one.is_reused for one in report.tests)
    counts = {"seed": kept["seed"], "model": kept["model"], "data test": tests}
    parts = [counted(count, noun) for noun, count in counts.items() if count]
    if not parts:
        return ""
    listed = " and ".join(filter(None, (", ".join(parts[:-1]), parts[-1])))
    return f"; {listed} would come out the same and {'stays' if sum(counts.values()) == 1 else 'stay'} as before"
