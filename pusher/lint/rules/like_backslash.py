"""PU805."""

from __future__ import annotations

from collections.abc import Iterator

from sqlglot import exp

from pusher.lint.rules.portability import Difference, PortabilityRule, text_of


class LikeBackslash(PortabilityRule):
    r"""A backslash stands in a LIKE pattern.

    ## What it does
    Finds LIKE and ILIKE with a backslash in the pattern and without ESCAPE.

    ## Why is this bad
    To DuckDB it is a letter like any other; Spark and PostgreSQL take the sign behind it as it is. The same pattern
    finds other rows.

    ## Example
    ```sql
    where sku like '%\_old'
    ```

    ## Use instead
    ```sql
    where sku like '%!_old' escape '!'
    ```
    """

    code = "PU805"
    name = "portability.like-backslash"

    def differences(self, node: exp.Expr) -> Iterator[Difference]:
        """Yield patterns with a backslash that nothing explains."""
        if not isinstance(node, exp.Like | exp.ILike) or isinstance(node.parent, exp.Escape):
            return
        if "\\" in (text_of(node.args.get("expression")) or ""):
            message = "A backslash in LIKE is a letter here and escapes the next one elsewhere."
            yield Difference(message, "Write escape '!' and ! before a sign that is meant as it is, or use strpos().")
