"""PU809."""

from __future__ import annotations

from collections.abc import Iterator

from sqlglot import exp

from pusher.lint.rules.portability import Difference, PortabilityRule, bare

_DOUBLES = {exp.DataType.Type.DOUBLE, exp.DataType.Type.FLOAT}
_DECIMALS = {exp.DataType.Type.DECIMAL, *exp.DataType.REAL_TYPES} - _DOUBLES
_PASSES_ON = (exp.Add, exp.Sub, exp.Mul, exp.Neg, exp.Coalesce, exp.Nullif, exp.Greatest, exp.Least, exp.Paren)
_FRACTIONS = (exp.Div, exp.Avg, exp.Median, exp.PercentileCont)


class RoundingCast(PortabilityRule):
    """A cast to a whole number rounds.

    ## What it does
    Finds casts to a whole number of what has a fraction for certain: a division, an average, a number with a point, or
    what was cast to a decimal or a DOUBLE before.

    ## Why is this bad
    DuckDB and PostgreSQL round, halves each in its own way; Spark cuts the fraction off. 2.5 becomes 2 or 3, and
    nothing fails.

    ## Example
    ```sql
    select cast(avg(quantity) as integer) as num_items from orders
    ```

    ## Use instead
    ```sql
    select cast(floor(avg(quantity)) as integer) as num_items from orders
    ```
    """

    code = "PU809"
    name = "portability.rounding-cast"

    def differences(self, node: exp.Expr) -> Iterator[Difference]:
        """Yield casts whose fraction goes each in its own way."""
        is_cast = isinstance(node, exp.Cast) and node.to.this in exp.DataType.INTEGER_TYPES
        if is_cast and _has_fraction(node.this):
            message = "A cast of a fraction to a whole number rounds here and cuts on Spark."
            yield Difference(message, "Say which: cast(floor(x) as integer), or round() of a decimal.")


def _has_fraction(node: exp.Expr | None) -> bool:
    """Whether a number has a fraction for certain."""
    node = bare(node)
    if isinstance(node, exp.Literal):
        return not node.is_string and "." in node.name
    if isinstance(node, exp.Cast):
        return node.to.this in _DOUBLES or (node.to.this in _DECIMALS and _scale(node.to) != 0)
    if isinstance(node, _PASSES_ON):
        return any(_has_fraction(child) for child in node.iter_expressions())
    return isinstance(node, _FRACTIONS)


def _scale(type_: exp.DataType) -> int:
    """Return the decimal places of a DECIMAL; DuckDB gives 3 to one without any."""
    if not type_.expressions:
        return 3
    return int(type_.expressions[1].name) if len(type_.expressions) > 1 else 0
