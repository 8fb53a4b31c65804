"""PU208."""

from __future__ import annotations

import difflib
from collections.abc import Iterator

from pusher.lint.context import Context, View
from pusher.lint.finding import Finding, Fix
from pusher.lint.flow.values import Constant
from pusher.lint.rules.base import ViewRule
from pusher.lint.rules.enums import Allowed, constants_of_enums
from pusher.payload.sql import literal

# Letters of a currency's code.
_CODE = 3


class EnumValue(ViewRule):
    """A constant is not in the list of values.

    ## What it does
    Collects the constants that a column can be, through CASE, coalesce, UNION, CTEs, `upper('usd')` and upstream
    models, and compares them with the contract's list. Where TikTok takes custom values too, only a value that is
    close to a listed one is found, as a warning. A currency that is no code of three letters is an error, and one that
    TikTok's page does not list is a note.

    ## Why is this bad
    Event names are case-sensitive. TikTok files `purchase` as a custom event, which no campaign optimises for, and
    answers success.

    ## Example
    ```sql
    select case when is_refund then 'Contact' else 'Purchse' end as event
    ```

    ## Use instead
    ```sql
    select case when is_refund then 'Contact' else 'Purchase' end as event
    ```
    """

    code = "PU208"
    name = "contract.enum-value"
    severity = "error"

    def check_view(self, context: Context, view: View) -> Iterator[Finding]:
        """Yield constants outside their list."""
        for output, allowed, constant in constants_of_enums(view):
            if constant.text in allowed.accepted:
                continue
            near = _meant(constant.text, allowed)
            severity = _severity(constant.text, allowed, near)
            if severity is None:
                continue
            message = f"`{output.name}` can be {literal(constant.text)}, which is not one of its values."
            yield context.finding(
                self,
                view.model.name,
                constant.place or context.place_in(view, output),
                message,
                _fix(context, view, constant, near, allowed),
                column=output.name,
                severity=severity,
            )


def _severity(text: str, allowed: Allowed, near: str | None) -> str | None:
    """Return how bad a value outside the list is, or None when it is taken."""
    if allowed.enum is None:
        # A push writes a currency in capitals, and refuses a row whose code has another form.
        code = text.strip().upper()
        is_code = len(code) == _CODE and code.isascii() and code.isalpha()
        return ("warning" if code in allowed.accepted else "note") if is_code else "error"
    if not allowed.is_open:
        return "error"
    return None if near is None else "warning"


def _meant(text: str, allowed: Allowed) -> str | None:
    old = allowed.enum.translations if allowed.enum is not None else {}
    near = nearest(text, (*allowed.values, *old))
    return None if near is None else old.get(near, near)


def nearest(text: str, values: tuple[str, ...]) -> str | None:
    """Return the listed value that was probably meant."""
    folded = {value.lower().replace("_", ""): value for value in values}
    wanted = text.strip().lower().replace("_", "").replace(" ", "").replace("-", "")
    found = difflib.get_close_matches(wanted, folded, n=1, cutoff=0.8 if len(wanted) > 3 else 1.0)  # noqa: PLR2004
    return folded[found[0]] if found else None


def _fix(context: Context, view: View, constant: Constant, near: str | None, allowed: Allowed) -> Fix:
    if near is None:
        listed = ", ".join(allowed.values[:24])
        return Fix(f"Use one of: {listed}{', ...' if len(allowed.values) > 24 else '.'}")  # noqa: PLR2004
    edits = context.edit(constant.place, literal(near)) if constant.as_written else ()
    is_case = near.lower() == constant.text.strip().lower()
    safe = is_case and bool(edits) and context.is_only_passed_on(view, constant.place)
    return Fix(f"Did you mean {literal(near)}?", edits, safe=safe)
