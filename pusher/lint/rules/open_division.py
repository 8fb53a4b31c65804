"""PU811."""

from __future__ import annotations

from collections.abc import Iterator

from sqlglot import exp

from pusher.lint.flow.guards import number
from pusher.lint.rules.portability import Difference, PortabilityRule, bare

_DOUBLES = {exp.DataType.Type.DOUBLE, exp.DataType.Type.FLOAT}


class OpenDivision(PortabilityRule):
    """A division leaves open what 0 and the decimals become.

    ## What it does
    Finds `/` where neither side is cast to DOUBLE, and `/`, `//` and `%` whose divisor is neither a number nor
    `nullif(..., 0)`.

    ## Why is this bad
    `1 / 0` is infinity here and stops the build elsewhere. Of decimals Spark and PostgreSQL keep other places than
    DuckDB, which gives a DOUBLE: 2.50 / 7 ends in 3 or in 2, and the amount is another one after rounding.

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
        if isinstance(node, exp.Div) and not (_is_double(node.this) or _is_double(node.expression)):
            message = "The type and the decimals of a division differ from engine to engine."
            yield Difference(message, "Write cast(x as double) / y, and cast the result to the decimals that you need.")
        if not number(node.expression) and not isinstance(bare(node.expression), exp.Nullif):
            message = "A division by 0 is infinity here and stops the build elsewhere."
            yield Difference(message, "Divide by nullif(y, 0).")


def _is_double(node: exp.Expr | None) -> bool:
    """Whether a number is a DOUBLE for certain, or calculated with one."""
    node = bare(node)
    if isinstance(node, exp.Div | exp.Mul | exp.Add | exp.Sub):
        return _is_double(node.this) or _is_double(node.expression)
    return isinstance(node, exp.Cast) and node.to.this in _DOUBLES
