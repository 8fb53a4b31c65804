"""PU415."""

from __future__ import annotations

from collections.abc import Iterator

from pusher.lint.context import Context, View
from pusher.lint.finding import Finding
from pusher.lint.flow.changed import ADDED, CUT, NO_DOTS, NO_PLUS, ONE_COUNTRY
from pusher.lint.flow.values import Mark
from pusher.lint.rules.base import ViewRule
from pusher.payload.sql import literal

_KINDS = {"email": (NO_DOTS, ADDED), "phone": (CUT, NO_PLUS, ONE_COUNTRY)}


class ChangedIdentifier(ViewRule):
    """An address or a number becomes another one before it is hashed.

    ## What it does
    Finds e-mail addresses that lose all their dots, those of the domain too, or that are hashed with a text before or
    behind them; and phone numbers of which all but the digits is taken away and no `+` is put before them, or that are
    cut to fewer than 15 characters. One calling code that is put before every number is a note.

    ## Why is this bad
    TikTok hashes `ann@example.com` and `+12025550123`. The digest of anything else is accepted and matches nobody.
    With `+1` before it a number of another country is none, and one that begins with 1 already has it twice.

    ## Example
    ```sql
    select sha256(regexp_replace(phone, '[^0-9]', '', 'g')) as phone
    ```

    ## Use instead
    ```sql
    select {{ hashed_phone('phone', 'country') }} as phone
    ```
    """

    code = "PU415"
    name = "privacy.changed-identifier"
    severity = "warning"

    def check_view(self, context: Context, view: View) -> Iterator[Finding]:
        """Yield identity columns that hold the digest of something else than the identifier."""
        for output, field in view.identities():
            if not output.value.hashed:
                continue
            for mark in output.value.marks_of(*_KINDS.get(str(field.pii), ())):
                fix = f"Hash the column itself: {{{{ hashed_{field.pii}('...') }}}}."
                severity = "note" if mark.kind == ONE_COUNTRY else None
                message = f"`{output.name}` {_told(mark)}"
                yield self.at_mark(context, view, output, mark, message=message, fix=fix, severity=severity)


def _told(mark: Mark) -> str:
    return {
        NO_DOTS: "hashes an address without its dots, those of its domain too: it matches nobody.",
        ADDED: f"hashes an address with {literal(mark.what)} added to it: it matches nobody.",
        CUT: f"hashes the first {mark.what} characters of a number, and a number has up to 15 digits.",
        NO_PLUS: "hashes the digits of a number without its +: it matches nobody.",
        ONE_COUNTRY: f"has {mark.what} before every number, also before those that have it and those of elsewhere.",
    }[mark.kind]
