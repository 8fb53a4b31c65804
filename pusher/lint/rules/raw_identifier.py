"""PU401."""

from __future__ import annotations

from collections.abc import Iterator

from pusher.lint.context import Context, View
from pusher.lint.finding import Finding, Fix
from pusher.lint.flow.identifiers import holds_digests
from pusher.lint.flow.relations import Output
from pusher.lint.flow.values import Leak
from pusher.lint.rules.base import ViewRule
from pusher.lint.rules.privacy import HASHED, forbidden, hash_fix, kinds_of, listed, select_fix


class RawIdentifier(ViewRule):
    """A raw identifier reaches a destination view.

    ## What it does
    Follows every source column with `meta: {pii: ...}` (and untagged ones called like an e-mail address or a phone
    number) through all models: renames, CTEs, stars, structs, lists, whole rows, JSON, concatenation, lambdas.
    `sha256()` ends the trail, and so do the macros in `macros/identity/`; a CASE that takes a value where it matches
    `^[0-9a-f]{64}$` takes a digest. Predicates, counts and conditions do not
    carry a value. `ip`, `user_agent` and `idfv` may reach the columns of that name, which TikTok takes unhashed.

    `pii` is `email`, `phone`, `external_id`, `ip`, `user_agent`, `name`, `idfa`, `gaid`, `idfv` or a word of your own;
    `email_sha256` for a column that arrives hashed; `none` for a column that only looks like an identifier.

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
            message = f"`{output.name}` carries a raw {kinds_of(raw)} from {listed(leak.column for leak in raw)}."
            place = context.place_in(view, output)
            yield context.finding(self, view.model.name, place, message, _fix(view, output, raw), column=output.name)


def _fix(view: View, output: Output, raw: list[Leak]) -> Fix:
    kinds = {leak.kind for leak in raw}
    field = view.field(output)
    if field is not None and field.holds_digests and field.pii is not None and field.pii not in kinds:
        return Fix(select_fix(field.pii))
    if len(kinds) > 1:
        return Fix("Hash each kind with its macro in macros/identity/, or leave the column out of the view.")
    if raw[0].kind in HASHED and all(holds_digests(leak.column) for leak in raw):
        return Fix(f"Tag the column `pii: {raw[0].kind}_sha256` if it holds digests. {hash_fix(raw[0].kind)}")
    return Fix(hash_fix(raw[0].kind))
