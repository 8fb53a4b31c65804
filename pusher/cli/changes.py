"""What differs from a commit, as text and as a comment for a pull request: what `pusher lint --diff` shows."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from pusher.cli.render import table, wrapped
from pusher.errors import Problem
from pusher.money import shown
from pusher.plural import counted

if TYPE_CHECKING:
    from pusher.changes import Changes, ViewChange
    from pusher.lint import Finding

_MOST_NAMES = 12
_MOST_FINDINGS = 50
_HEADERS = ("view", "before", "now", "added", "dropped", "changed")


def changes_text(changes: Changes) -> str:
    """Return what differs, for a terminal."""
    if not changes.changed and not changes.removed:
        return f"No model differs from {changes.against}."
    blocks = ["\n".join(f"{what}: {_listed(names)}" for what, names in _differing(changes))]
    known = [view for view in changes.views if view.problem is None and _has_rows(view)]
    if known:
        blocks.append(table(_HEADERS, [_counts(view) for view in known]))
        blocks.append("\n".join(line for view in known for line in _values(view)))
    blocks += [wrapped(f"{view.view}: {view.problem}", "! ") for view in changes.views if view.problem is not None]
    if changes.views and not any(_has_rows(view) or view.problem for view in changes.views):
        blocks.append("There is no warehouse here to count events in.")
    return "\n\n".join(filter(None, blocks))


def changes_markdown(changes: Changes | None, findings: Sequence[Finding], problems: Sequence[Problem]) -> str:
    """Return what differs, what lint says of it and what stopped it, as one comment."""
    lines = ["### pusher", ""]
    if changes is not None:
        if changes.changed or changes.removed:
            lines += [f"- **{_escaped(what)}**: {_escaped(_listed(names))}" for what, names in _differing(changes)]
        else:
            lines.append(f"No model differs from {_escaped(changes.against)}.")
        known = [view for view in changes.views if view.problem is None and _has_rows(view)]
        if known:
            lines += ["", f"| {' | '.join(_HEADERS)} | value |", "|---|--:|--:|--:|--:|--:|---|"]
        for view in known:
            cells = [_escaped(view.view), *(f"{count:,}" if count is not None else "" for count in _counts(view)[1:])]
            lines.append(f"| {' | '.join(cells)} | {'<br>'.join(_values(view, named=False))} |")
        lines += [
            "",
            *(
                f"- {_escaped(view.view)}: {_escaped(view.problem)}"
                for view in changes.views
                if view.problem is not None
            ),
        ]
    lines += ["", *(f"- **error** {_escaped(one.place)}: {_escaped(one.message)}" for one in problems)]
    for finding in findings[:_MOST_FINDINGS]:
        place = _escaped(f"{finding.file}:{finding.line}")
        fix = f" *{_escaped(finding.fix.description)}*" if finding.fix is not None else ""
        lines.append(f"- **{finding.severity}** {finding.rule} {place} {_escaped(finding.message)}{fix}")
    if len(findings) > _MOST_FINDINGS:
        lines.append(f"- and {len(findings) - _MOST_FINDINGS} more")
    if not findings and not problems:
        lines.append("Lint found nothing.")
    # No two empty lines follow each other.
    return "\n".join(line for place, line in enumerate(lines) if line or (place and lines[place - 1]))


def _differing(changes: Changes) -> list[tuple[str, list[str]]]:
    parts = (
        (counted(len(changes.changed), "model") + f" changed since {changes.against}", changes.changed),
        (counted(len(changes.below), "model") + " below", changes.below),
        (counted(len(changes.removed), "model") + " removed", changes.removed),
    )
    return [(what, names) for what, names in parts if names]


def _listed(names: Sequence[str]) -> str:
    more = f" and {len(names) - _MOST_NAMES} more" if len(names) > _MOST_NAMES else ""
    return f"{', '.join(names[:_MOST_NAMES])}{more}"


def _has_rows(view: ViewChange) -> bool:
    return view.rows_before is not None or view.rows_after is not None


def _counts(view: ViewChange) -> tuple[str, int | None, int | None, int, int, int]:
    return view.view, view.rows_before, view.rows_after, view.added, view.dropped, view.changed


def _values(view: ViewChange, *, named: bool = True) -> list[str]:
    start = f"{view.view}: " if named else ""
    lines = []
    for currency, (before, after) in view.value.items():
        more = f"{'+' if after >= before else ''}{shown(after - before)}"
        lines.append(f"{start}{currency or 'without a currency'} {shown(before)} -> {shown(after)} ({more})")
    return lines


def _escaped(text: str) -> str:
    """Return text that Markdown shows as it is; what stands in backticks stays code."""
    parts = text.split("`")
    if len(parts) % 2 == 0:
        return _plain(text)
    return "`".join(part if place % 2 else _plain(part) for place, part in enumerate(parts))


def _plain(text: str) -> str:
    return "".join(f"\\{letter}" if letter in "\\`*_{}[]<>()#+!|" else letter for letter in text)
