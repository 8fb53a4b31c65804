"""PU810."""

from __future__ import annotations

from collections.abc import Iterator

from sqlglot import exp

from pusher.lint.rules.portability import Difference, PortabilityRule


class LooseCast(PortabilityRule):
    """A try_cast decides what a text is.

    ## What it does
    Finds `try_cast()` and `try()`.

    ## Why is this bad
    `try_cast('2.5' as integer)` is 3 here and NULL on Spark, and so are `1e3`, `1_000` and `24:00:00`. PostgreSQL has
    none: it casts without trying, and one bad text stops the build.

    ## Example
    ```sql
    select try_cast(quantity as integer) as quantity from orders
    ```

    ## Use instead
    ```sql
    select case when regexp_matches(replace(quantity, chr(10), '.'), '^[0-9]{1,9}$') then cast(quantity as integer) end
    from orders
    ```
    """

    code = "PU810"
    name = "portability.loose-cast"

    def differences(self, node: exp.Expr) -> Iterator[Difference]:
        """Yield casts that may give NULL."""
        if isinstance(node, exp.TryCast | exp.Try):
            name = "try_cast()" if isinstance(node, exp.TryCast) else "try()"
            message = f"{name} takes other texts on Spark and fails in PostgreSQL."
            instead = "Write a case with regexp_matches() that says which texts are meant, and cast in it."
            yield Difference(message, instead)
