"""PU401."""

from __future__ import annotations

from collections.abc import Iterator

from pusher.lint.context import Context, View
from pusher.lint.finding import Finding, Fix
from pusher.lint.rules.base import Rule
from pusher.lint.rules.privacy import forbidden, hash_fix, word


class RawIdentifier(Rule):
    """A raw identifier reaches a destination view.

    ## What it does
    Follows every source column with `meta: {pii: ...}` (and untagged ones called like an e-mail address or a phone
    number) through all models: renames, CTEs, stars, structs, lists, whole rows, JSON, concatenation, lambdas.
    `sha256()` ends the trail, and so do the macros in `macros/identity/`. Predicates, counts and conditions do not
    carry a value. `ip` and `user_agent` may reach the columns of that name, which TikTok takes unhashed.

    ## Why is this bad
    A destination view is read by Python and sent to TikTok. A readable address there is a personal data breach, in a
    column for grouping as much as in `email`.

    ## Example
    ```sql
    select lower(trim(email)) as email
    ```

    ## Use instead
    ```sql
    select {{ hashed_email('email') }} as email
    ```
    """

    code = "PU401"
    name = "privacy.raw-identifier"
    severity = "error"

    def check_view(self, context: Context, view: View) -> Iterator[Finding]:
        """Yield columns with a raw identifier."""
        for output in view.relation.outputs:
            raw = [leak for leak in forbidden(view, output) if leak.how == "raw"]
            if not raw:
                continue
            kinds = " or ".join(dict.fromkeys(word(leak.kind) for leak in raw))
            columns = ", ".join(dict.fromkeys(leak.column for leak in raw))
            message = f"`{output.name}` carries a raw {kinds} from {columns}."
            place = output.place or view.select
            fix = Fix(hash_fix(raw[0].kind))
            yield context.finding(self, view.model.name, place, message, fix, column=output.name)
