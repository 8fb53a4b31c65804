"""PU704."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import UTC, datetime

from sqlglot import exp

from pusher.lint.context import Context
from pusher.lint.finding import Finding, Fix
from pusher.lint.rules.base import Rule
from pusher.lint.rules.portability import place_of, text_of

_WITHOUT_ZONE = {
    exp.DataType.Type.TIMESTAMP,
    exp.DataType.Type.TIMESTAMPNTZ,
    exp.DataType.Type.TIMESTAMP_S,
    exp.DataType.Type.TIMESTAMP_MS,
    exp.DataType.Type.TIMESTAMP_NS,
    exp.DataType.Type.DATETIME,
    exp.DataType.Type.DATE,
}
_WITH_OFFSET = re.compile(
    r"\s*(?P<moment>\d{4}-\d{2}-\d{2}[T ]\d{2}:\d{2}(?::\d{2}(?:\.\d+)?)?)\s*"
    r"(?P<offset>[+-]\d{2}(?::?\d{2})?|[A-Z][A-Za-z]+/[A-Z][A-Za-z_]+)\s*",
    re.IGNORECASE,
)
_NONE = re.compile(r"[+-]00(?::?00)?|Etc/(?:UTC|GMT)", re.IGNORECASE)


class LostOffset(Rule):
    """A text says its offset, and becomes a time that has none.

    ## What it does
    Finds constant texts with an offset or a time zone that are cast to TIMESTAMP or DATE.

    ## Why is this bad
    A TIMESTAMP has no zone: the cast drops `+02:00` without a word, and keeps the hour as it is written. TikTok reads
    it as UTC, two hours too late; a window that begins there has other rows.

    ## Example
    ```sql
    where ordered_at >= timestamp '2026-11-20 10:00:00+02:00'
    ```

    ## Use instead
    ```sql
    where ordered_at >= timestamp '2026-11-20 08:00:00'
    ```
    """

    code = "PU704"
    name = "time.lost-offset"
    severity = "warning"

    def check(self, context: Context) -> Iterator[Finding]:
        """Yield the casts in the destination views and in what they read."""
        for model, tree in context.trees_behind_views():
            for node in tree.find_all(exp.Cast):
                found = _WITH_OFFSET.fullmatch(text_of(node.this) or "")
                if found is None or node.to.this not in _WITHOUT_ZONE or _NONE.fullmatch(found["offset"]):
                    continue
                type_ = "DATE" if node.to.this is exp.DataType.Type.DATE else "TIMESTAMP"
                message = f"The text says {found['offset']}, and a {type_} has no zone: the cast drops it."
                yield context.finding(self, model.name, place_of(node, model.name), message, Fix(_instead(found)))


def _instead(found: re.Match[str]) -> str:
    """Return what to write: the moment in UTC, where the offset alone tells it."""
    try:
        moment = datetime.fromisoformat(f"{found['moment'].replace(' ', 'T')}{found['offset']}").astimezone(UTC)
    except ValueError:
        return "Write the moment in UTC, without a zone."
    return f"Write the moment in UTC: '{moment.replace(tzinfo=None).isoformat(' ')}'."
