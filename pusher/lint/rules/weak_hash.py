"""PU403."""

from __future__ import annotations

from collections.abc import Iterator

from pusher.lint.context import Context, View
from pusher.lint.finding import Finding, Fix
from pusher.lint.rules.base import ViewRule
from pusher.lint.rules.privacy import forbidden, hash_fix, word


class WeakHash(ViewRule):
    """An identifier is hashed with something else than SHA-256.

    ## What it does
    Finds identifiers in a destination view that went through `md5()`, `hash()`, `sha1()` and the like.

    ## Why is this bad
    TikTok matches SHA-256 only, so the value finds nobody; and a short or fast hash of a phone number can be turned
    back by trying all numbers.

    ## Example
    ```sql
    select md5(lower(email)) as email
    ```

    ## Use instead
    ```sql
    select {{ hashed_email('email') }} as email
    ```
    """

    code = "PU403"
    name = "privacy.weak-hash"
    severity = "error"

    def check_view(self, context: Context, view: View) -> Iterator[Finding]:
        """Yield columns with an identifier behind another hash."""
        for output in view.relation.outputs:
            seen = set()
            for leak in forbidden(view, output):
                if leak.how != "weak" or leak.place in seen:
                    continue
                seen.add(leak.place)
                message = (
                    f"`{output.name}` carries the {word(leak.kind)} of {leak.column} hashed with {leak.through}()."
                )
                fix = Fix(hash_fix(leak.kind))
                place = leak.place or context.place_in(view, output)
                yield context.finding(self, view.model.name, place, message, fix, column=output.name)
