"""PU101."""

from __future__ import annotations

from collections.abc import Iterator

from pusher.lint.context import Context, View
from pusher.lint.finding import Finding, Fix
from pusher.lint.rules.base import ViewRule


class UnresolvedStar(ViewRule):
    """The columns of a destination view are not known.

    ## What it does
    Finds a destination view whose columns neither DuckDB's binder nor the SQL tells, mostly a star over something
    whose columns are not declared. A star over known columns is fine.

    ## Why is this bad
    Without columns nothing can be checked: not the contract, and not that identifiers are hashed.

    ## Example
    ```sql
    select * from read_parquet('orders.parquet')
    ```

    ## Use instead
    ```sql
    select * from {{ ref('orders') }}
    ```
    """

    code = "PU101"
    name = "structure.unresolved-star"
    severity = "error"

    def check_view(self, context: Context, view: View) -> Iterator[Finding]:
        """Yield views without known columns."""
        if view.types is None and view.model.name not in context.manifest.uncertain:
            message = f"The columns of `{view.model.name}` are not known, so nothing about them can be checked."
            fix = Fix("List the columns, and declare those of the sources with data_type.")
            yield context.finding(self, view.model.name, view.select, message, fix)
