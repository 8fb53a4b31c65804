"""PU814."""

from __future__ import annotations

from collections.abc import Iterator

from sqlglot import exp

from pusher.lint.rules.portability import Difference, PortabilityRule, holds, is_double


class NumberAsText(PortabilityRule):
    """A DOUBLE becomes a text.

    ## What it does
    Finds casts to text of what is a DOUBLE for certain: a division, an average, or what was cast to one; also within
    `||` and `concat()`.

    ## Why is this bad
    2 is `2.0` here and `2` in PostgreSQL, and what is large is `1e+20` here and `1.0E20` on Spark. Nothing fails; an id
    that is made of it is another one, and counts the event again.

    ## Example
    ```sql
    select sha256(order_id || ':' || cast(avg(price) as varchar)) as event_id from lines group by order_id
    ```

    ## Use instead
    ```sql
    select sha256(order_id || ':' || cast(cast(avg(price) as decimal(18, 2)) as varchar)) as event_id
    from lines group by order_id
    ```
    """

    code = "PU814"
    name = "portability.number-as-text"

    def differences(self, node: exp.Expr) -> Iterator[Difference]:
        """Yield texts that are made of a DOUBLE."""
        if isinstance(node, exp.Cast) and node.to.this in exp.DataType.TEXT_TYPES:
            parts = [node.this]
        elif isinstance(node, exp.DPipe):
            parts = [node.this, node.expression]
        elif isinstance(node, exp.Concat):
            parts = node.expressions
        else:
            return
        if any(holds(part, is_double) for part in parts):
            message = "A DOUBLE as text is written differently elsewhere, such as `2` for `2.0`."
            yield Difference(message, "Cast it to a decimal first: cast(cast(x as decimal(18, 2)) as varchar).")
