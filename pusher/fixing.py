"""Applies the edits that lint is certain of, and lints again until none is left."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from pusher.compile import Manifest, graph
from pusher.errors import ConfigError, Problem, PusherError
from pusher.lint import Edit, Finding
from pusher.project.facade import Project
from pusher.project.outcomes import LintReport

_MOST_PASSES = 10


@dataclass(slots=True)
class Fixed:
    """What was fixed.

    Attributes:
        project: The project as it is now.
        report: What lint says of it.
        findings: What was fixed, in the order in which it was.
        files: Files that were written, by their paths in messages.
    """

    project: Project
    report: LintReport
    findings: list[Finding] = field(default_factory=list)
    files: dict[str, None] = field(default_factory=dict)


def fix(load: Callable[[], Project], select: Sequence[str], exclude: Sequence[str]) -> Fixed:
    """Write the safe edits of all findings of the selection into the project's files.

    An edit can make place for another one, so it goes on until there is none. Files of packages are left alone.

    Args:
        load: Reads the project anew.
        select: Models to judge, in dbt's selector syntax.
        exclude: Models to leave out.

    Raises:
        ConfigError: A file cannot be written.
        PusherError: The project cannot be read or judged; then nothing was written, or all of it is taken back.
    """
    project = load()
    found = Fixed(project, project.lint(select, exclude))
    before: dict[Path, bytes] = {}
    for _ in range(_MOST_PASSES):
        texts, fixed = _edited(found.project, found.report.findings)
        if not fixed:
            break
        try:
            _write(found.project.file.root, texts, before)
            project = load()
            report = project.lint(select, exclude)
        except PusherError:
            for path, content in before.items():
                path.write_bytes(content)
            raise
        found.project, found.report = project, report
        found.findings += fixed
        found.files |= dict.fromkeys(texts)
    return found


def _edited(project: Project, findings: Sequence[Finding]) -> tuple[dict[str, str], list[Finding]]:
    """Return the new texts of files, and the findings that these fix."""
    chosen: dict[str, list[Edit]] = {}
    fixed: list[Finding] = []
    own = {model.path for model in project.manifest.models.values() if not model.package and model.seed is None}
    for finding in findings:
        edits = finding.fix.edits if finding.fix is not None and finding.fix.safe else ()
        if not all(edit.file in own for edit in edits) or _is_compared(project.manifest, edits):
            continue
        if edits and not any(_overlaps(edit, chosen.get(edit.file, ())) for edit in edits):
            for edit in edits:
                chosen.setdefault(edit.file, []).append(edit)
            fixed.append(finding)
    root = project.file.root
    return {file: _applied((root / file).read_bytes().decode("utf-8"), edits) for file, edits in chosen.items()}, fixed


def _is_compared(manifest: Manifest, edits: Sequence[Edit]) -> bool:
    """Whether a model below, or a data test, asks for the text of an edit, as in `where event = 'CompletePayment'`."""
    by_path = {model.path: model for model in manifest.models.values()}
    edges = graph.downstream({name: model.depends_on for name, model in manifest.models.items()})
    for edit in edits:
        model = by_path[edit.file]
        line = model.raw_sql.split("\n")[edit.line - 1]
        text = line[edit.column - 1 : edit.end_column - 1]
        if not text.startswith("'"):
            continue
        below = set(graph.reach([model.name], edges))
        asked = [manifest.models[name].raw_sql for name in below - {model.name}]
        asked += [repr(dict(test.arguments)) for test in manifest.tests.values() if test.model in below]
        if any(text in one for one in asked):
            return True
    return False


def _overlaps(edit: Edit, others: Sequence[Edit]) -> bool:
    def span(one: Edit) -> tuple[tuple[int, int], tuple[int, int]]:
        return (one.line, one.column), (one.end_line, one.end_column)

    start, end = span(edit)
    return any(start < other_end and other_start < end for other_start, other_end in map(span, others))


def _applied(text: str, edits: Sequence[Edit]) -> str:
    """Return a text after edits; line ends stay as they are."""
    lines = text.split("\n")
    # A byte-order mark is part of the first line here, and of no place.
    shift = 1 if text.startswith("\ufeff") else 0
    for edit in sorted(edits, key=lambda one: (one.line, one.column), reverse=True):
        moved = shift if edit.line == 1 else 0
        first, last = lines[edit.line - 1], lines[edit.end_line - 1]
        end = edit.end_column - 1 + (shift if edit.end_line == 1 else 0)
        lines[edit.line - 1 : edit.end_line] = [first[: edit.column - 1 + moved] + edit.text + last[end:]]
    return "\n".join(lines)


def _write(root: Path, texts: Mapping[str, str], before: dict[Path, bytes]) -> None:
    for file, text in texts.items():
        path = (root / file).resolve()
        beside = path.with_name(f".{path.name}.pusher")
        try:
            before.setdefault(path, path.read_bytes())
            beside.write_bytes(text.encode("utf-8"))
            beside.chmod(path.stat().st_mode)
            os.replace(beside, path)  # noqa: PTH105 -- of a file and its new text, in one step
        except OSError as error:
            beside.unlink(missing_ok=True)
            message, fix_ = f"{file} cannot be written: {error.strerror}.", "Check the rights of the file."
            raise ConfigError(Problem("fix", message, file, fix=fix_)) from error
