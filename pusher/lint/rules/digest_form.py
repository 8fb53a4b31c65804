"""PU408."""

from __future__ import annotations

from collections.abc import Iterator

from pusher.lint.context import Context, View
from pusher.lint.finding import Finding
from pusher.lint.flow.digests import BESIDE, CAPITALS, RESHAPED
from pusher.lint.rules.base import ViewRule


class DigestForm(ViewRule):
    """A digest has another form than 64 small hexadecimal digits.

    ## What it does
    Finds identity columns whose digest went through `hex()`, `to_base64()`, was cut, or is in one text with something
    else, such as another digest, and notes those in capitals, which a push writes small.

    ## Why is this bad
    `sha256()` of DuckDB gives 64 small digits already, unlike that of other engines. The hexadecimal form of them has
    128 and matches nobody.

    ## Example
    ```sql
    select to_hex(sha256(lower(trim(email)))) as email
    ```

    ## Use instead
    ```sql
    select {{ hashed_email('email') }} as email
    ```
    """

    code = "PU408"
    name = "privacy.digest-form"
    severity = "error"

    def check_view(self, context: Context, view: View) -> Iterator[Finding]:
        """Yield identity columns with a digest in another form."""
        for output, _ in view.identities():
            for mark in output.value.marks_of(RESHAPED):
                message = f"`{output.name}` is {mark.what}: it matches nobody."
                fix = "Leave that out: sha256() gives 64 hexadecimal digits."
                yield self.at_mark(context, view, output, mark, message=message, fix=fix)
            for mark in output.value.marks_of(BESIDE):
                message = f"`{output.name}` is {mark.what}: it matches nobody."
                fix = "Several digests are a list: [one, other], or list(...)."
                yield self.at_mark(context, view, output, mark, message=message, fix=fix)
            for mark in output.value.marks_of(CAPITALS):
                message = f"`{output.name}` is a digest in capitals; a push writes it in small letters."
                yield self.at_mark(
                    context, view, output, mark, message=message, fix="Leave upper() out.", severity="note"
                )
