"""PU212."""

from __future__ import annotations

from collections.abc import Iterator

from sqlglot import exp

from pusher.lint.context import Context, View
from pusher.lint.finding import Finding, Fix
from pusher.lint.rules.base import ViewRule
from pusher.lint.rules.enums import allowed_in
from pusher.payload.sql import literal


class ReversedAlias(ViewRule):
    """A constant and its column name are swapped.

    ## What it does
    Finds `event as 'Purchase'`: a column of the contract on the left, one of its values as a quoted name on the right.

    ## Why is this bad
    SQL reads it as a column called `Purchase`. The field stays empty.

    ## Example
    ```sql
    select event as 'Purchase'
    ```

    ## Use instead
    ```sql
    select 'Purchase' as event
    ```
    """

    code = "PU212"
    name = "contract.reversed-alias"
    severity = "error"

    def check_view(self, context: Context, view: View) -> Iterator[Finding]:
        """Yield columns that are named like a value."""
        for output in view.relation.outputs:
            node = output.node
            if (
                not isinstance(node, exp.Alias)
                or not isinstance(node.this, exp.Column)
                or not node.args["alias"].quoted
            ):
                continue
            field = view.payload.field(node.this.name.lower())
            allowed = allowed_in(view, field) if field is not None else None
            if field is None or allowed is None or node.alias not in allowed.accepted:
                continue
            right = f"{literal(node.alias)} as {field.column}"
            place = output.place
            message = f"`{node.this.name} as {literal(node.alias)}` names a column; the value belongs on the left."
            edits = context.edit(place, right)
            fix = Fix(f"Write `{right}`.", edits, safe=True)
            yield context.finding(self, view.model.name, place, message, fix, column=output.name)
