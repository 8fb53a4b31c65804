"""PU406."""

from __future__ import annotations

from collections.abc import Iterator

from pusher.lint.context import Context, View
from pusher.lint.finding import Finding, Fix
from pusher.lint.rules.base import ViewRule


class HashOfHash(ViewRule):
    """An identity is hashed twice.

    ## What it does
    Finds identity columns whose value went through `sha256()` more than once, or through `md5()` or another hash before
    it. The MD5 of a customer's number is a number like any other.

    ## Why is this bad
    TikTok hashes an address once. The hash of a hash is accepted and matches nobody.

    ## Example
    ```sql
    select {{ hashed_email('email_sha256') }} as email
    ```

    ## Use instead
    ```sql
    select {{ hashed_email('email_sha256', 'sha256') }} as email
    ```

    `'sha256'` takes digests as they are, `'auto'` takes digests and hashes anything else.
    """

    code = "PU406"
    name = "privacy.hash-of-hash"
    severity = "error"

    def check_view(self, context: Context, view: View) -> Iterator[Finding]:
        """Yield identities that are hashed twice."""
        for output, _ in view.identities():
            twice = sorted(
                (one for one in output.value.hashed if one.times > 1), key=lambda one: (one.column, str(one.place))
            )
            if twice:
                columns = ", ".join(dict.fromkeys(one.column for one in twice))
                message = f"`{output.name}` holds the hash of a hash of {columns}."
                fix = Fix(
                    "Hash once: remove one sha256(), or give the macro the state of its column, 'sha256' or 'auto'."
                )
                place = twice[0].place or context.place_in(view, output)
                yield context.finding(self, view.model.name, place, message, fix, column=output.name)
