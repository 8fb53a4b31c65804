"""PU412."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from pusher.lint.context import Context, View
from pusher.lint.finding import Finding, Fix
from pusher.lint.flow.values import Hashed
from pusher.lint.rules.base import ViewRule

_CASES = frozenset({"upper", "lower"})


class MixedCase(ViewRule):
    """An audience holds advertising ids of iOS hashed in two cases.

    ## What it does
    Finds columns of an audience where some ids of iOS are hashed after `upper()` and others after `lower()`. A column
    that mixes kinds of identifiers is not judged.

    ## Why is this bad
    TikTok takes either case, if all ids of an audience are in the same one. The others match nobody, and a phone that
    is known in both cases is two members.

    ## Example
    ```sql
    select sha256(upper(idfa)) as idfa from app_users
    union all
    select sha256(lower(idfa)) as idfa from newsletter_users
    ```

    ## Use instead
    ```sql
    select {{ hashed_idfa('idfa', profile=audience_profile()) }} as idfa from app_users
    union all
    select {{ hashed_idfa('idfa', profile=audience_profile()) }} as idfa from newsletter_users
    ```
    """

    code = "PU412"
    name = "privacy.mixed-case"
    severity = "error"

    def check_view(self, context: Context, view: View) -> Iterator[Finding]:
        """Yield columns with ids in two cases."""
        if view.payload.kind != "audience":
            return
        for output, field in view.identities():
            if field.pii != "idfa" or {one.kind for one in output.value.hashed} != {"idfa"}:
                continue
            by_case = _by_case(output.value.hashed)
            if len(by_case) == len(_CASES):
                message = f"`{output.name}` holds ids hashed in upper case and ids hashed in lower case."
                fix = Fix("Hash all of them with {{ hashed_idfa('...', profile=audience_profile()) }}.")
                place = by_case["upper"].place or context.place_in(view, output)
                yield context.finding(self, view.model.name, place, message, fix, column=output.name)


def _by_case(hashed: Iterable[Hashed]) -> dict[str, Hashed]:
    """Return a hash for each case. Of both calls the outer one decides, and which that is nobody kept."""
    ordered = sorted(hashed, key=lambda one: str(one.place))
    return {case: one for one in reversed(ordered) for case in _CASES if one.steps & _CASES == {case}}
