"""PU301."""

from __future__ import annotations

from collections.abc import Iterator

from sqlglot import exp

from pusher.lint.context import Context
from pusher.lint.finding import Finding, Fix
from pusher.lint.flow.functions import function_name, instability
from pusher.lint.flow.relations import span
from pusher.lint.rules.base import Rule

_FIX = {
    "order": "Add an ORDER BY that ends in a unique key, or filter the rows by what they hold.",
    "clock": "Use {{ as_of() }}: the run's start, or the value of --vars, and the same in every model.",
    "chance": "Derive the value from columns of the row, such as a hash of its business key.",
}


class ClockOrChance(Rule):
    """A model gives other rows when it runs again.

    ## What it does
    Finds `now()`, `current_date`, `random()`, `uuid()` and their kin, samples, and LIMIT without ORDER BY in a
    destination view and in the models behind it.

    ## Why is this bad
    A push that stops half way is continued by running the models again. Rows that differ between two runs over the
    same data cannot be told apart from new ones; members of an audience leave it and enter it again for no reason.

    ## Example
    ```sql
    where ordered_at > now() - interval 7 day
    ```

    ## Use instead
    ```sql
    where {{ lookback('ordered_at', 7) }}
    ```
    """

    code = "PU301"
    name = "determinism.clock-or-chance"
    severity = "warning"

    def check(self, context: Context) -> Iterator[Finding]:
        """Yield calls in the views and in what they read."""
        for model, tree in context.trees_behind_views():
            for node in tree.find_all(exp.Func):
                kind = instability(node)
                if kind is not None:
                    place = span(node, model.name) or (span(node.parent, model.name) if node.parent else None)
                    message = f"`{function_name(node)}` differs from run to run."
                    yield context.finding(self, model.name, place, message, Fix(_FIX[kind]))
            for part, kind, what in _choosing(tree):
                place = span(part, model.name) or (span(part.parent, model.name) if part.parent else None)
                message = f"{what} takes other rows from run to run."
                yield context.finding(self, model.name, place, message, Fix(_FIX[kind]))


def _choosing(tree: exp.Expr) -> Iterator[tuple[exp.Expr, str, str]]:
    """Yield what takes some of the rows and leaves open which."""
    for query in tree.find_all(exp.Query):
        limit = query.args.get("limit") or query.args.get("offset")
        if limit is not None and query.args.get("order") is None:
            yield limit, "order", "LIMIT without ORDER BY"
    for sample in tree.find_all(exp.TableSample):
        yield sample, "chance", "A sample"
