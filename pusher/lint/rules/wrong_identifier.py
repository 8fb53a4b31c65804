"""PU405."""

from __future__ import annotations

from collections.abc import Iterator

from pusher.lint.context import Context, View
from pusher.lint.finding import Finding, Fix
from pusher.lint.rules.base import Rule
from pusher.lint.rules.privacy import article, word

_KNOWN = {"email", "phone", "external_id", "ip", "user_agent", "name", "idfa", "gaid"}


class WrongIdentifier(Rule):
    """An identity column holds the hash of something else.

    ## What it does
    Compares the kind of an identity column with the kinds of the source columns that were hashed into it.

    ## Why is this bad
    The hash of a phone number in `email` is accepted and matches nobody.

    ## Example
    ```sql
    select {{ hashed_phone('phone') }} as email
    ```

    ## Use instead
    ```sql
    select {{ hashed_phone('phone') }} as phone
    ```
    """

    code = "PU405"
    name = "privacy.wrong-identifier"
    severity = "error"

    def check_view(self, context: Context, view: View) -> Iterator[Finding]:
        """Yield identity columns of another kind."""
        for output in view.relation.outputs:
            field = view.field(output)
            hashed = output.value.hashed
            kinds = {one.kind for one in hashed}
            if field is None or not field.holds_digests or not kinds or field.pii in kinds or not kinds <= _KNOWN:
                continue
            columns = ", ".join(sorted({one.column for one in hashed}))
            listed = " or ".join(word(kind) for kind in sorted(kinds))
            message = f"`{output.name}` holds the hash of {article(listed)} {listed} ({columns})."
            fix = Fix(f"Hash the {word(field.pii or '')} here.")
            yield context.finding(
                self, view.model.name, context.place_in(view, output), message, fix, column=output.name
            )
