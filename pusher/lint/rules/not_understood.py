"""PU102."""

from __future__ import annotations

from collections.abc import Iterator

from pusher.lint.context import Context
from pusher.lint.finding import Finding, Fix
from pusher.lint.rules.base import Rule


class NotUnderstood(Rule):
    """A model's SQL cannot be analysed.

    ## What it does
    Finds a destination view, or a model behind one, whose SQL the analysis cannot read although the engine may.

    ## Why is this bad
    What cannot be read cannot be proved to be free of raw identifiers.

    ## Example
    ```sql
    summarize orders
    ```

    ## Use instead
    ```sql
    select count(*) as orders from orders
    ```
    """

    code = "PU102"
    name = "structure.not-understood"
    severity = "error"

    def check(self, context: Context) -> Iterator[Finding]:
        """Yield models that failed."""
        for model in context.behind_views:
            context.flow.relation(model.name)
            failure = context.flow.failures.get(model.name)
            if failure is not None:
                message = f"`{model.name}` cannot be analysed: {failure.reason}. Every column may hold an identifier."
                fix = Fix("Write it in plainer SQL, or split it into two models.")
                yield context.finding(self, model.name, failure.place, message, fix)
