"""Writes the reference of lint rules from their docstrings.

`python -m pusher.lint.reference > docs/reference/lint-rules.md`
"""

from __future__ import annotations

import sys
from inspect import getdoc

from pusher.lint.rules import RULES, Rule

_GROUPS = {
    "PU0": "Suppressions",
    "PU1": "Structure",
    "PU2": "Contract",
    "PU3": "Determinism",
    "PU4": "Privacy",
    "PU5": "Grain",
    "PU6": "Money",
    "PU7": "Time",
    "PU8": "Portability",
}
_INTRODUCTION = """\
# Lint rules

<!-- Written by `python -m pusher.lint.reference` from the rules' docstrings; a test keeps the two alike. -->

`pusher lint` reads the models' SQL and proves from it that every destination view carries what its payload needs and
that no raw identifier reaches it. It opens no warehouse and needs no data and no token.

- Each finding names file, line and column in the source as written, Jinja included.
- `pusher.yml` changes a severity: `lint: {severity: {PU204: off, PU301: error}}`, by code, by name or by group, the
  part of the name before the dot; a code counts before a name, and a name before a group.
- `lint.models` and `lint.paths` say the same for one model, or for a file or folder:
  `lint: {models: {tiktok_web_events: {PU702: off}}, paths: {models/legacy: {determinism: note}}}`. A model counts
  before a path, and a longer path before a shorter one. A finding is a model's when it is about its columns, wherever
  they are made; it is a path's where it points to.
- Rules that are off run once they have a severity: `lint: {severity: {portability: note}}` tells what Spark and
  PostgreSQL would do otherwise. DuckDB alone runs the models so far.
- `-- noqa: PU203 because the till knows the day only` silences a rule on its line, or on the next line when the comment
  stands alone, in a model or in a macro. `{# noqa: ... #}` does the same and leaves no trace in the compiled SQL.
  Without a reason it has no effect and is itself a finding.
- A severity in the table is the default; where TikTok only advises, a rule may say less."""


def page(rule: Rule) -> str:
    """Return a rule's manual page."""
    title, _, text = (getdoc(rule) or "").partition("\n")
    body = text.strip().replace("## ", "#### ")
    return f"### {rule.code} {rule.name}\n\n{title} Default severity: {rule.severity}.\n\n{body}\n"


def reference() -> str:
    """Return the whole reference as Markdown."""
    parts = [_INTRODUCTION]
    rows = [f"| [{rule.code}](#{_anchor(rule)}) | {rule.name} | {rule.severity} | {_title(rule)} |" for rule in RULES]
    parts.append("\n".join(["| code | name | severity | finds |", "|---|---|---|---|", *rows]))
    for prefix, title in _GROUPS.items():
        pages = [page(rule) for rule in RULES if rule.code.startswith(prefix)]
        parts.append(f"## {title}\n\n" + "\n".join(pages).rstrip("\n"))
    return "\n\n".join(parts) + "\n"


def _title(rule: Rule) -> str:
    return (getdoc(rule) or "").partition("\n")[0].rstrip(".")


def _anchor(rule: Rule) -> str:
    return f"{rule.code} {rule.name}".lower().replace(" ", "-").replace(".", "")


if __name__ == "__main__":
    sys.stdout.write(reference())
