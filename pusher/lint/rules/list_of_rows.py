"""PU812."""

from __future__ import annotations

from collections.abc import Iterator

from sqlglot import exp

from pusher.lint.rules.portability import Difference, PortabilityRule, bare


class ListOfRows(PortabilityRule):
    """A list of rows has another order or other members elsewhere.

    ## What it does
    Finds `list(... order by ...)`, and `list()` of what may be NULL: it is no struct, and no FILTER is on it.

    ## Why is this bad
    On Spark the ORDER BY is lost on the way, so that the order is that of chance, and NULL is no member of the list.
    Nothing fails; the event has other bytes.

    ## Example
    ```sql
    select order_id, list(sku order by line_no) as skus from lines group by order_id
    ```

    ## Use instead
    ```sql
    select
        order_id,
        list_transform(
            list_sort(list(struct_pack(line_no := line_no, sku := sku))), lambda line: line.sku
        ) as skus
    from lines group by order_id
    ```
    """

    code = "PU812"
    name = "portability.list-of-rows"

    def differences(self, node: exp.Expr) -> Iterator[Difference]:
        """Yield lists with an order of their own, and those that may hold NULL."""
        if not isinstance(node, exp.ArrayAgg):
            return
        listed = node.this
        if isinstance(listed, exp.Order):
            listed = listed.this
            message = "The ORDER BY of list() is lost on Spark."
            yield Difference(message, "Sort the list: list_sort(list(struct_pack(first := y, then := x))).")
        if isinstance(node.parent, exp.Filter) or isinstance(_member(listed), exp.Struct):
            return
        message = "list() keeps NULL here and leaves it out on Spark."
        yield Difference(message, "Write list(x) filter (where x is not null).")


def _member(node: exp.Expr | None) -> exp.Expr | None:
    """Return what is listed, without DISTINCT."""
    return bare(node.expressions[0] if isinstance(node, exp.Distinct) and node.expressions else node)
