"""PU402."""

from __future__ import annotations

from collections.abc import Iterator

from pusher.lint.context import Context, View
from pusher.lint.finding import Finding, Fix
from pusher.lint.flow.relations import Output
from pusher.lint.flow.values import Leak
from pusher.lint.rules.base import ViewRule
from pusher.lint.rules.privacy import forbidden, kinds_of, listed


class CannotFollow(ViewRule):
    """Identifiers go through a construct that cannot be followed.

    ## What it does
    Finds columns of a destination view that come out of PIVOT, UNPIVOT, a COLUMNS(...) that renames, or another
    construct whose columns are not known from the SQL, when an identifier goes into it.

    ## Why is this bad
    What cannot be followed cannot be proved to be hashed, so it counts as raw.

    ## Example
    ```sql
    from (pivot customers on kind using any_value(email))
    ```

    ## Use instead
    ```sql
    select
        customer_id,
        any_value({{ hashed_email('email') }}) filter (where kind = 'work') as email
    from customers
    group by customer_id
    ```
    """

    code = "PU402"
    name = "privacy.cannot-follow"
    severity = "error"

    def check_view(self, context: Context, view: View) -> Iterator[Finding]:
        """Yield constructs, each with the columns that come out of it."""
        through: dict[tuple[str, str], list[tuple[Output, Leak]]] = {}
        for output in view.relation.outputs:
            for leak in forbidden(view, output):
                # A model that is not understood is a finding of its own.
                if leak.how == "opaque" and leak.column not in context.flow.failures:
                    through.setdefault((leak.through, str(leak.place)), []).append((output, leak))
        for (construct, _), found in through.items():
            columns = list(dict.fromkeys(output.name or "?" for output, _ in found))
            kinds = kinds_of(leak for _, leak in found)
            names = listed(f"`{name}`" for name in columns)
            what = f" and may hold a raw {kinds}" if kinds else ""
            verb = "come" if len(columns) > 1 else "comes"
            message = f"{names} {verb} through {construct}, which cannot be followed{what}."
            fix = Fix("Hash before it, or list the columns one by one.")
            column = columns[0] if len(columns) == 1 else None
            output, leak = found[0]
            place = leak.place or context.place_in(view, output)
            yield context.finding(self, view.model.name, place, message, fix, column=column)
