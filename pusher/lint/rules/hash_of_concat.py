"""PU410."""

from __future__ import annotations

from collections.abc import Iterator

from pusher.lint.context import Context, View
from pusher.lint.finding import Finding
from pusher.lint.flow.digests import SEVERAL, SKIPS_NULL
from pusher.lint.rules.base import ViewRule
from pusher.lint.rules.privacy import word
from pusher.payload.sql import literal

_ONE_BY_ONE = frozenset({"email", "phone"})


class HashOfConcat(ViewRule):
    """An identity is put together before it is hashed.

    ## What it does
    Finds `concat()` of a text and an identifier that can be NULL, and identifiers of several kinds that are hashed
    into one e-mail address or phone number.

    ## Why is this bad
    `concat()` leaves NULL out: `concat('+1', phone)` of a customer without a phone is `+1`, and all of them have one
    digest. Two identifiers in one hash match nobody.

    ## Example
    ```sql
    select sha256(concat('+1', phone)) as phone
    ```

    ## Use instead
    ```sql
    select {{ hashed_phone('phone', 'country') }} as phone
    ```
    """

    code = "PU410"
    name = "privacy.hash-of-concat"
    severity = "warning"

    def check_view(self, context: Context, view: View) -> Iterator[Finding]:
        """Yield identity columns made of a concatenation."""
        for output, field in view.identities():
            if not output.value.hashed:
                continue
            told = [
                (mark, "warning", f"`{output.name}` is the hash of {literal(mark.what)} where the identifier is NULL.")
                for mark in output.value.marks_of(SKIPS_NULL)
            ]
            if field.pii in _ONE_BY_ONE:
                told += [
                    (mark, "error", f"`{output.name}` is one hash of {_kinds(mark.what)}, which matches nobody.")
                    for mark in output.value.marks_of(SEVERAL)
                ]
            how = f"{{{{ hashed_{field.pii}('...') }}}}" if field.pii in _ONE_BY_ONE else "one column, with ||"
            for mark, severity, message in told:
                yield self.at_mark(context, view, output, mark, message=message, fix=f"Hash {how}.", severity=severity)


def _kinds(kinds: str) -> str:
    return " and ".join(word(kind) for kind in kinds.split(","))
