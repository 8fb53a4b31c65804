"""PU407."""

from __future__ import annotations

from collections.abc import Iterator

from pusher.lint.context import Context, View
from pusher.lint.finding import Finding, Fix
from pusher.lint.flow.values import Hashed
from pusher.lint.rules.base import ViewRule
from pusher.lint.rules.privacy import word

# What the value must have gone through before the hash, one of these steps, and what it is called.
_LOWER, _STRIPPED = (frozenset({"lower"}), "in lower case"), (frozenset({"strip"}), "in E.164 form")
_NEEDED = {"email": _LOWER, "phone": _STRIPPED, "gaid": _LOWER}
_TRIMMED, _TRIMS = frozenset({"trim", "strip"}), "free of the blanks around it"
_IDFA = {
    "events": (frozenset({"upper"}), "in upper case"),
    "audience": (frozenset({"upper", "lower"}), "in one case"),
}


class UnnormalisedHash(ViewRule):
    """An identity is hashed as it was typed.

    ## What it does
    Finds e-mail addresses and advertising ids of Android that reach `sha256()` without `lower()`, those of iOS without
    `upper()` (in an audience without either), and phone numbers that reach it without anything that removes blanks and
    signs within them. An address in lower case that keeps the blanks around it is a note.

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
            needed = _IDFA[view.payload.kind] if field is not None and field.pii == "idfa" else None
            if field is None or (needed is None and field.pii not in _NEEDED):
                continue
            steps, form = needed or _NEEDED[str(field.pii)]
            of_kind = [one for one in output.value.hashed if one.kind == field.pii]
            found = [(one, form, "warning") for one in _without(steps, of_kind)]
            if field.pii == "email":
                told = {one.column for one, _, _ in found}
                found += [(one, _TRIMS, "note") for one in _without(_TRIMMED, of_kind) if one.column not in told]
            for hashed, needed_form, severity in found:
                message = (
                    f"`{output.name}` hashes the {word(hashed.kind)} of {hashed.column} before it is {needed_form}."
                )
                fix = Fix(f"Use {{{{ hashed_{field.pii}('...') }}}}.")
                place = hashed.place or context.place_in(view, output)
                yield context.finding(self, view.model.name, place, message, fix, column=output.name, severity=severity)


def _without(steps: frozenset[str], hashed: list[Hashed]) -> list[Hashed]:
    # A column that is normalised on one way and not on another is read by kind, as in CASE kind WHEN 'email'.
    done = {one.column for one in hashed if steps & one.steps}
    # Of several ways the barest is told: the others may be those of another kind.
    barest = sorted(hashed, key=lambda one: (-len(one.steps), str(one.place)))
    found = {one.column: one for one in barest if one.column not in done and one.times == 1}
    return [found[column] for column in sorted(found)]
