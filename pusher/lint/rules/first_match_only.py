"""PU411."""

from __future__ import annotations

from collections.abc import Iterator

from pusher.lint.context import Context, View
from pusher.lint.finding import Finding
from pusher.lint.flow.digests import FIRST_ONLY
from pusher.lint.rules.base import ViewRule
from pusher.payload.sql import literal


class FirstMatchOnly(ViewRule):
    """A pattern takes only the first sign out of an identifier.

    ## What it does
    Finds `regexp_replace()` with a class of characters and without the option `'g'` on the way to a hashed identity.
    A pattern that holds on to the start or the end of the text is fine.

    ## Why is this bad
    DuckDB replaces the first match, other engines replace all. Of `(555) 010-9999` one bracket is gone, and the rest
    is hashed with the number.

    ## Example
    ```sql
    select sha256('+1' || regexp_replace(phone, '[^0-9]', '')) as phone
    ```

    ## Use instead
    ```sql
    select {{ hashed_phone('phone', 'country') }} as phone
    ```
    """

    code = "PU411"
    name = "privacy.first-match-only"
    severity = "warning"

    def check_view(self, context: Context, view: View) -> Iterator[Finding]:
        """Yield patterns on the way to a hash that replace one match."""
        for output, _ in view.identities():
            for mark in output.value.marks_of(FIRST_ONLY):
                message = f"`{output.name}` is hashed after only the first match of {literal(mark.what)} was replaced."
                fix = "Add the option: regexp_replace(..., '', 'g')."
                yield self.at_mark(context, view, output, mark, message=message, fix=fix)
