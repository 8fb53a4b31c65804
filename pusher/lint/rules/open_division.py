"""PU811."""

from __future__ import annotations

from collections.abc import Iterator

from sqlglot import exp

from pusher.lint.flow.guards import number
from pusher.lint.rules.portability import DOUBLES, Difference, PortabilityRule, bare, holds


class OpenDivision(PortabilityRule):
    """A division leaves open what 0 and the decimals become.

    ## What it does
    Finds `/` where neither side is cast to DOUBLE, and `/`, `//` and `%` whose divisor is neither a number nor
    `nullif(..., 0)`.

    ## Why is this bad
    `1 / 0` is infinity here and stops the build elsewhere. Of two decimals DuckDB makes a DOUBLE and Spark a decimal
    with fewer places, so that an amount can be another one after rounding.

    ## Example
    ```sql
    select revenue / quantity as price from orders
    ```

    ## Use instead
    ```sql
    select cast(cast(revenue as double) / nullif(quantity, 0) as decimal(18, 2)) as price from orders
    ```
    """

    code = "PU811"
    name = "portability.open-division"

    def differences(self, node: exp.Expr) -> Iterator[Difference]:
        """Yield divisions with open ends."""
        if not isinstance(node, exp.Div | exp.IntDiv | exp.Mod):
            return
        if isinstance(node, exp.Div) and not (holds(node.this, _is_cast) or holds(node.expression, _is_cast)):
            message = "The type and the decimals of a division differ from engine to engine."
            yield Difference(message, "Write cast(x as double) / y, and cast the result to the decimals that you need.")
        if not number(node.expression) and not isinstance(bare(node.expression), exp.Nullif):
            message = "A division by 0 is infinity here and stops the build elsewhere."
            yield Difference(message, "Divide by nullif(y, 0).")


def _is_cast(node: exp.Expr) -> bool:
    return isinstance(node, exp.Cast) and node.to.this in DOUBLES
