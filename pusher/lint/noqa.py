"""`-- noqa: PU203 because ...` in a model or a macro."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from pusher.lint.finding import Finding

# A noqa without one of our codes belongs to another linter.
_COMMENT = re.compile(
    r"(?:--|\{#-?)\s*noqa:\s*(?P<codes>PU\d+(?:\s*,\s*PU\d+)*)(?:\s+because\s+(?P<reason>[^\n#]*[^\s\n#-]))?",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class Noqa:
    """One suppression.

    Attributes:
        codes: Rules that it names.
        reason: Why, empty when none is given.
        line: 1-based line of the comment.
        column: 1-based column of the comment.
        end_column: Column behind it.
        covers: Line whose findings it silences.
    """

    codes: tuple[str, ...]
    reason: str
    line: int
    column: int
    end_column: int
    covers: int


def comments(text: str) -> Iterator[Noqa]:
    """Yield the suppressions of a file."""
    if "noqa" not in text.lower():
        return
    for number, line in enumerate(text.split("\n"), start=1):
        for found in _COMMENT.finditer(line):
            if _is_text(line[: found.start()]):
                continue
            codes = tuple(code.strip().upper() for code in found["codes"].split(","))
            alone = not line[: found.start()].strip()
            yield Noqa(
                codes,
                found["reason"] or "",
                number,
                found.start() + 1,
                found.end() + 1,
                number + 1 if alone else number,
            )


def _is_text(before: str) -> bool:
    """Whether what follows on a line stands within a text, and is no comment."""
    return "--" not in before and before.count("'") % 2 == 1


def unsuppressed(findings: Sequence[Finding], texts: Mapping[str, str]) -> list[Finding]:
    """Return the findings that no comment with a reason silences.

    Args:
        findings: All findings.
        texts: Text of each file by its path.
    """
    silenced: dict[str, set[tuple[int, str]]] = {}
    for path in {finding.file for finding in findings} & texts.keys():
        silenced[path] = {(one.covers, code) for one in comments(texts[path]) if one.reason for code in one.codes}
    return [finding for finding in findings if (finding.line, finding.rule) not in silenced.get(finding.file, ())]
