"""The way of personal data, as text and as a page: what `pusher lint --pii` shows."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from pusher.cli.colours import painted
from pusher.cli.page import write_page
from pusher.cli.render import table, wrapped
from pusher.plural import counted

if TYPE_CHECKING:
    from pusher.cli.session import Session
    from pusher.lint.personal_flow import Identity
    from pusher.project.facade import Project
    from pusher.project.personal_data import Audit

_NOWHERE = "reaches no destination view"


def show_audit(current: Session, project: Project, audit: Audit, html: Path | None) -> None:
    """Print the way of each identifier, or write it to a page as well; one that arrives readable is exit code 1."""
    current.body["personal_data"] = audit.as_json()
    current.text(_text(audit))
    if html is not None:
        write_page(html, current.screened(_page(audit, project)))
    if audit.is_wrong:
        current.exit_code = 1


def _text(audit: Audit) -> str:
    blocks = []
    for column in audit.data.columns:
        lines = [f"{column.name} ({column.kind})"]
        flows = [flow for flow in audit.data.flows if (flow.source_column, flow.kind) == (column.name, column.kind)]
        for flow in flows:
            lines.append(wrapped(f"{flow.view}.{flow.view_column}: {audit.words_of(flow)}", "  -> "))
            lines += [f"     {file}:{line}" for file, line in flow.places]
        blocks.append("\n".join(lines if flows else [*lines, f"  {_NOWHERE}"]))
    unexplained = _unexplained(audit)
    blocks += ["\n".join(unexplained)] if unexplained else []
    shown = [line.replace("error", painted("error"), 1) for line in _escaped(audit)]
    return "\n\n".join(["", *blocks, *_identities(audit), "\n".join(_tried(audit)), *shown])


def _identities(audit: Audit) -> list[str]:
    """Return the table of identity profiles, and what is made otherwise; nothing where no digest is sent."""
    identities = audit.data.identities
    if not identities:
        return []
    rows = [(f"{one.view}.{one.view_column}", one.kind, _profile_words(one)) for one in identities]
    other = [
        wrapped(f"{one.view}.{one.view_column}: {_profile_words(one)}, where {one.expected} is expected", "! ")
        + "".join(f"\n     {file}:{line}" for file, line in one.places)
        for one in identities
        if not one.is_expected
    ]
    return [table(("column", "digest of", "identity profile"), rows), *(["\n".join(other)] if other else [])]


def _profile_words(one: Identity) -> str:
    """Return the profile that a digest follows, for people."""
    return "a source's digest" if one.is_given else one.profile or "SQL of no profile"


def _unexplained(audit: Audit) -> list[str]:
    """Return what no column of a source explains: SQL that cannot be followed may carry any identifier."""
    known = {(column.name, column.kind) for column in audit.data.columns}
    return [
        wrapped(f"{flow.view}.{flow.view_column}: {audit.words_of(flow)} ({flow.source_column})", "! ")
        for flow in audit.data.flows
        if (flow.source_column, flow.kind) not in known
    ]


def _tried(audit: Audit) -> list[str]:
    lines = []
    for seen in audit.seen.values():
        if seen.failed is not None:
            text = f"{seen.view} could not be tried with made-up rows, so its SQL alone speaks for it. {seen.failed}"
        elif not seen.rows:
            text = f"{seen.view} gave no made-up row, so its SQL alone speaks for it."
        else:
            text = f"{seen.view} was tried with made-up identifiers and gave {counted(seen.rows, 'row')}."
        lines.append(wrapped(text, ""))
    return lines


def _escaped(audit: Audit) -> list[str]:
    return [
        wrapped(f"error: {view}.{one.column} showed a made-up {one.kind} {one.how}.", "") for view, one in audit.escapes
    ]


def _page(audit: Audit, project: Project) -> str:
    from pusher.report.personal import page

    moment = project.clock.now().strftime("%Y-%m-%d %H:%M UTC")
    return page(
        title=f"{project.file.name}: the way of personal data",
        about=f"Proven from the SQL of the models on {moment}, and tried with made-up rows.",
        rows=_rows(audit),
        tried=[*_tried(audit), *_escaped(audit)],
        identities=[
            {
                "column": f"{one.view}.{one.view_column}",
                "kind": one.kind,
                "profile": _profile_words(one) + ("" if one.is_expected else f", where {one.expected} is expected"),
                "is_wrong": not one.is_expected,
                "places": [f"{file}:{line}" for file, line in one.places],
            }
            for one in audit.data.identities
        ],
        normaliser_version=audit.data.normaliser_version,
    )


def _rows(audit: Audit) -> list[dict[str, Any]]:
    from pusher.lint.personal_flow import STATES, WRONG

    rows: list[dict[str, Any]] = [
        {
            "source_column": flow.source_column,
            "kind": flow.kind,
            "target": f"{flow.view}.{flow.view_column}",
            "state": STATES[flow.state],
            "seen": audit.seen_words(flow),
            "is_wrong": flow.state in WRONG,
            "places": [f"{file}:{line}" for file, line in flow.places],
        }
        for flow in audit.data.flows
    ]
    nowhere: dict[str, Any] = {"target": "", "state": _NOWHERE, "seen": "", "is_wrong": False, "places": []}
    rows += [{"source_column": one.name, "kind": one.kind, **nowhere} for one in audit.kept_back]
    return sorted(rows, key=lambda row: (row["source_column"], row["kind"], row["target"]))
