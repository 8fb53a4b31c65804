"""PU407."""

from __future__ import annotations

from collections.abc import Iterator

from pusher.lint.context import Context, View
from pusher.lint.finding import Finding, Fix
from pusher.lint.flow.values import Hashed
from pusher.lint.rules.base import Rule
from pusher.lint.rules.privacy import word

# What the value must have gone through before the hash; which step, and what it is called.
_NEEDED = {"email": ("lower", "in lower case"), "phone": ("strip", "in E.164 form")}


class UnnormalisedHash(Rule):
    """An identity is hashed as it was typed.

    ## What it does
    Finds e-mail addresses that reach `sha256()` without `lower()`, and phone numbers that reach it without anything
    that removes blanks and signs.

    ## Why is this bad
    `Ann@Example.com ` and `ann@example.com` are one person and two hashes. TikTok knows only the second.

    ## Example
    ```sql
    select sha256(email) as email
    ```

    ## Use instead
    ```sql
    select {{ hashed_email('email') }} as email
    ```
    """

    code = "PU407"
    name = "privacy.unnormalised-hash"
    severity = "warning"

    def check_view(self, context: Context, view: View) -> Iterator[Finding]:
        """Yield identities hashed without their normal form."""
        for output in view.relation.outputs:
            field = view.field(output)
            if field is None or field.pii not in _NEEDED:
                continue
            step, form = _NEEDED[field.pii]
            for hashed in _without(step, [one for one in output.value.hashed if one.kind == field.pii]):
                message = f"`{output.name}` hashes the {word(hashed.kind)} of {hashed.column} before it is {form}."
                fix = Fix(f"Use {{{{ hashed_{field.pii}('...') }}}}.")
                place = hashed.place or context.place_in(view, output)
                yield context.finding(self, view.model.name, place, message, fix, column=output.name)


def _without(step: str, hashed: list[Hashed]) -> list[Hashed]:
    # A column that is normalised on one way and not on another is read by kind, as in CASE kind WHEN 'email'.
    done = {one.column for one in hashed if step in one.steps}
    # Of several ways the barest is told: the others may be those of another kind.
    barest = sorted(hashed, key=lambda one: (-len(one.steps), str(one.place)))
    found = {one.column: one for one in barest if one.column not in done and one.times == 1}
    return [found[column] for column in sorted(found)]
