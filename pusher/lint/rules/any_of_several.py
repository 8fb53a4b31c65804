"""PU305."""

from __future__ import annotations

from collections.abc import Iterator

from pusher.lint.context import Context
from pusher.lint.finding import Finding, Fix
from pusher.lint.rules.base import Rule, choices_behind_views


class AnyOfSeveral(Rule):
    """An aggregate takes any value of several rows.

    ## What it does
    Notes `any_value()` and `arbitrary()` in the models behind destination views, unless the rows of a group are known
    to have one value: a column of a table whose key the rows are grouped by, or a group of one row.

    ## Why is this bad
    Where the rows of a group differ, each run may take another value, and nothing tells. `min()` costs as much and
    gives the same value in every run.

    ## Example
    ```sql
    select order_id, any_value(store_id) as shop_id from items group by order_id
    ```

    ## Use instead
    ```sql
    select order_id, min(store_id) as shop_id from items group by order_id
    ```
    """

    code = "PU305"
    name = "determinism.any-of-several"
    severity = "note"

    def check(self, context: Context) -> Iterator[Finding]:
        """Yield aggregates that take any value."""
        for model, choice in choices_behind_views(context):
            if choice.kind == "any":
                message = f"`{choice.function}()` takes the value of any row of the group."
                fix = Fix("Use min() or max(), or arg_max() with an order that ends in a unique key.")
                yield context.finding(self, model, choice.place, message, fix)
