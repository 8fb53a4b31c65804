"""PU409."""

from __future__ import annotations

from collections.abc import Iterator

from pusher.lint.context import Context, View
from pusher.lint.finding import Finding
from pusher.lint.flow.digests import CONSTANT, ONLY_CONSTANT
from pusher.lint.rules.base import ViewRule
from pusher.payload.sql import literal


class HashOfConstant(ViewRule):
    """A text of the SQL is hashed as an identity.

    ## What it does
    Finds identity columns that can be the digest of a constant, such as that of `coalesce(email, '')`. It is an error
    when they can be nothing else.

    ## Why is this bad
    All customers without an address get the same digest, which looks like one customer with very many orders.

    ## Example
    ```sql
    select sha256(coalesce(lower(trim(email)), '')) as email
    ```

    ## Use instead
    ```sql
    select {{ hashed_email('email') }} as email
    ```
    """

    code = "PU409"
    name = "privacy.hash-of-constant"
    severity = "warning"

    def check_view(self, context: Context, view: View) -> Iterator[Finding]:
        """Yield identity columns that hold the digest of a constant."""
        for output, _ in view.identities():
            for mark in output.value.marks_of(CONSTANT, ONLY_CONSTANT):
                is_only = mark.kind == ONLY_CONSTANT
                verb, severity = ("is", "error") if is_only else ("can be", "warning")
                message = f"`{output.name}` {verb} the hash of the text {literal(mark.what)}, one for all such rows."
                fix = "Hash a column." if is_only else "Leave it NULL where there is no value: sha256(NULL) is NULL."
                yield self.at_mark(context, view, output, mark, message=message, fix=fix, severity=severity)
