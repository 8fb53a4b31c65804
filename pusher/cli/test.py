"""`pusher test`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from pusher.cli import options, render
from pusher.cli.session import session
from pusher.cli.signals import CutShort
from pusher.errors import BuildError
from pusher.plural import counted

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pusher.builds.data_tests import DataTestResult
    from pusher.builds.unit_tests import Difference, UnitTestResult
    from pusher.errors import Problem

HELP = """Run unit tests, and data tests on what the warehouse holds.

A selected model stands for its tests; unit tests need no warehouse.

Example: pusher test --select test_type:unit"""


def run(
    *,
    project_dir: options.ProjectDir = Path(),
    profiles_dir: options.ProfilesDir = None,
    target: options.Target = None,
    variables: options.Vars = None,
    select: options.Select = None,
    selector: options.Selector = None,
    exclude: options.Exclude = None,
    compare_to: options.CompareTo = None,
    json: options.Json = False,
    quiet: options.Quiet = False,
    no_color: options.NoColor = False,
) -> None:
    """Run tests."""
    with session("test", as_json=json, quiet=quiet, no_color=no_color) as current, CutShort() as stop:
        project = current.project(project_dir, profiles_dir, target, variables, compare_to=compare_to)
        tested = project.test(
            options.chosen(select, selector, exclude), exclude or (), interruptible=stop.interruptible
        )
        current.body["tests"] = [one.as_json() for one in tested]
        current.body["_problems"] = tuple(one.problem for one in tested if one.is_wrong)
        current.exit_code = exit_code(tested, current.body["_problems"])
        current.text(test_lines(tested))


def exit_code(tested: Sequence[DataTestResult | UnitTestResult], problems: Sequence[Problem]) -> int:
    """Return 2 when a test could not run, as when a model cannot be built; 1 when something else is wrong."""
    from pusher.builds.data_tests import BROKEN

    if any(one.status == BROKEN for one in tested):
        return BuildError.exit_code
    return 1 if problems else 0


def test_lines(tested: Sequence[DataTestResult | UnitTestResult]) -> str:
    """Return what tests found, for a person: rows that differ, warnings, and how many ended how."""
    lines = []
    for one in tested:
        if one.status == "warn":
            lines.append(f"warning: {one.message} ({one.test.file}:{one.test.line})")
            lines.append(render.wrapped(str(one.fix), "  "))
        difference = getattr(one, "difference", None)
        if difference is not None:
            lines += [f"{one.test.name} (- is expected, + came)", _difference_table(difference), ""]
    for noun, of_kind in (
        ("unit test", [one for one in tested if hasattr(one, "difference")]),
        ("data test", [one for one in tested if not hasattr(one, "difference")]),
    ):
        counts = {status: sum(one.status == status for one in of_kind) for status in _WORDS}
        ended = [f"{count:,} {_WORDS[status]}" for status, count in counts.items() if count]
        if of_kind:
            lines.append(f"{counted(len(of_kind), noun)}: {', '.join(ended)}")
    return "\n".join(lines)


def _difference_table(difference: Difference) -> str:
    """Return the rows that differ as a table, marked by the side that has them."""
    sides = (("-", difference.missing), ("+", difference.unexpected))
    rows = [(mark, *("NULL" if value is None else value for value in row)) for mark, found in sides for row in found]
    more = difference.missing_count + difference.unexpected_count - len(rows)
    table = render.table(["", *difference.columns], rows)
    return f"{table}\n... and {more:,} more" if more else table


_WORDS = {"pass": "passed", "warn": "warned", "fail": "failed", "error": "did not run", "skipped": "skipped"}
