"""PU809."""

from __future__ import annotations

from collections.abc import Iterator

from sqlglot import exp

from pusher.lint.rules.portability import Difference, PortabilityRule, holds, is_double

_DECIMALS = frozenset(exp.DataType.REAL_TYPES)


class Rounding(PortabilityRule):
    """A fraction is rounded.

    ## What it does
    Finds casts to a whole number of what has a fraction for certain, such as a division, an average, a number with a
    point or what was cast to a decimal before, and `round()` of a DOUBLE.

    ## Why is this bad
    DuckDB rounds in a cast, Spark cuts the fraction off: 2.5 becomes 3 or 2. PostgreSQL rounds halves of a DOUBLE to
    the even number. Nothing fails.

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
    name = "portability.rounding"

    def differences(self, node: exp.Expr) -> Iterator[Difference]:
        """Yield casts and calls whose fraction goes each in its own way."""
        is_cast = isinstance(node, exp.Cast) and node.to.this in exp.DataType.INTEGER_TYPES
        if is_cast and holds(node.this, _has_fraction):
            message = "A cast of a fraction to a whole number rounds here and cuts on Spark."
            yield Difference(message, "Say which: cast(floor(x) as integer), or round() of a decimal.")
        if isinstance(node, exp.Round) and holds(node.this, is_double):
            message = "round() of a DOUBLE rounds halves to the even number in PostgreSQL."
            yield Difference(message, "Round a decimal: round(cast(x as decimal(18, 4)), 2).")


def _has_fraction(node: exp.Expr) -> bool:
    """Whether a number has a fraction for certain."""
    if isinstance(node, exp.Literal):
        return not node.is_string and "." in node.name
    if isinstance(node, exp.Cast) and node.to.this in _DECIMALS and not is_double(node):
        return _scale(node.to) != 0
    return is_double(node)


def _scale(type_: exp.DataType) -> int:
    """Return the decimal places of a DECIMAL; one without any is filled in with DuckDB's own."""
    return int(type_.expressions[1].name) if len(type_.expressions) > 1 else 0
