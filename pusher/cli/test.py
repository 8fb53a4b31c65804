"""`pusher test`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from pusher.cli import options, render
from pusher.cli.session import session

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pusher.data_tests import DataTestResult

HELP = """Run data tests on what the warehouse holds.

A selected model stands for the tests that read it. Example: pusher test --select tiktok_offline_events"""


def run(
    *,
    project_dir: options.ProjectDir = Path(),
    profiles_dir: options.ProfilesDir = None,
    target: options.Target = None,
    variables: options.Vars = None,
    select: options.Select = None,
    exclude: options.Exclude = None,
    json: options.Json = False,
    quiet: options.Quiet = False,
    no_color: options.NoColor = False,
) -> None:
    """Run data tests."""
    with session("test", as_json=json, quiet=quiet, no_color=no_color) as current:
        project = current.project(project_dir, profiles_dir, target, variables)
        tested = project.test(select or (), exclude or ())
        current.body["tests"] = [one.as_json() for one in tested]
        current.body["_problems"] = tuple(one.problem for one in tested if one.is_wrong)
        current.exit_code = 1 if current.body["_problems"] else 0
        current.text(test_lines(tested))


def test_lines(tested: Sequence[DataTestResult]) -> str:
    """Return what data tests found, for a person: the warnings, and how many ended how."""
    lines = []
    for one in tested:
        if one.status == "warn":
            lines.append(f"warning: {one.message} ({one.test.file}:{one.test.line})")
            lines.append(render.wrapped(str(one.fix), "  "))
    counts = {status: sum(one.status == status for one in tested) for status in _WORDS}
    ended = [f"{count:,} {_WORDS[status]}" for status, count in counts.items() if count]
    return "\n".join([*lines, f"{render.counted(len(tested), 'data test')}: {', '.join(ended)}"])


_WORDS = {"pass": "passed", "warn": "warned", "fail": "failed", "error": "did not run", "skipped": "skipped"}
