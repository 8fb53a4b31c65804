"""PU405."""

from __future__ import annotations

from collections.abc import Iterator

from pusher.lint.context import Context, View
from pusher.lint.finding import Finding, Fix
from pusher.lint.flow.digests import EITHER
from pusher.lint.rules.base import ViewRule
from pusher.lint.rules.privacy import SENT_AS_IT_IS, article, word

_KNOWN = {"email", "phone", "external_id", "ip", "user_agent", "name", "idfa", "gaid"}


class WrongIdentifier(ViewRule):
    """An identity column holds the hash of something else.

    ## What it does
    Compares the kind of an identity column with the kinds of the source columns that were hashed into it. An
    identifier that stands in for a missing one of another kind, as in `coalesce(idfa, gaid)`, is a warning. So is a
    hash in `ip` and `user_agent`, which TikTok takes as they are.

    ## Why is this bad
    The hash of a phone number in `email` is accepted and matches nobody.

    ## Example
    ```sql
    select {{ hashed_phone('phone') }} as email
    ```

    ## Use instead
    ```sql
    select {{ hashed_phone('phone') }} as phone
    ```
    """

    code = "PU405"
    name = "privacy.wrong-identifier"
    severity = "error"

    def check_view(self, context: Context, view: View) -> Iterator[Finding]:
        """Yield identity columns of another kind, or of more than one."""
        yield from self._stand_ins(context, view)
        yield from self._hashed_in_vain(context, view)
        for output in view.relation.outputs:
            field = view.field(output)
            hashed = output.value.hashed
            kinds = {one.kind for one in hashed}
            if field is None or not field.holds_digests or not kinds or field.pii in kinds or not kinds <= _KNOWN:
                continue
            columns = ", ".join(sorted({one.column for one in hashed}))
            listed = " or ".join(word(kind) for kind in sorted(kinds))
            message = f"`{output.name}` holds the hash of {article(listed)} {listed} ({columns})."
            fix = Fix(f"Hash the {word(field.pii or '')} here.")
            yield context.finding(
                self, view.model.name, context.place_in(view, output), message, fix, column=output.name
            )

    def _hashed_in_vain(self, context: Context, view: View) -> Iterator[Finding]:
        """Yield columns that hold a hash and are sent as they are."""
        for output in view.relation.outputs:
            field = view.field(output)
            if field is None or field.pii not in SENT_AS_IT_IS or not output.value.hashed:
                continue
            columns = ", ".join(sorted({one.column for one in output.value.hashed}))
            message = f"`{output.name}` holds a hash of {columns}, and TikTok takes this column as it is."
            fix = Fix("Select the column itself.")
            place = context.place_in(view, output)
            yield context.finding(self, view.model.name, place, message, fix, column=output.name, severity="warning")

    def _stand_ins(self, context: Context, view: View) -> Iterator[Finding]:
        """Yield identity columns where one kind takes the place of another."""
        for output, field in view.identities():
            for mark in output.value.marks_of(EITHER) if output.value.hashed else ():
                kinds = set(mark.what.split(","))
                if field.pii not in kinds or not kinds <= _KNOWN:
                    continue
                others = " or ".join(f"{article(word(kind))} {word(kind)}" for kind in sorted(kinds - {field.pii}))
                message = f"`{output.name}` can hold the hash of {others} instead."
                fix = f"Give each kind a column of its own, and hash the {word(field.pii)} alone here."
                yield self.at_mark(context, view, output, mark, message=message, fix=fix, severity="warning")
