"""PU304."""

from __future__ import annotations

from collections.abc import Iterator

from pusher.lint.context import Context
from pusher.lint.finding import Finding, Fix
from pusher.lint.flow.choices import Choice
from pusher.lint.rules.base import Rule, choices_behind_views


class Ties(Rule):
    """An order leaves open which row comes first.

    ## What it does
    Finds `row_number()`, `first_value()`, `lag()` and their kin, `first(... order by ...)` and `arg_max()`, in the
    models behind destination views, where rows can be alike in everything that they are divided and ordered by. Data
    tests, GROUP BY and DISTINCT tell which columns no two rows have in common: when the order has such a key, or
    everything that is taken, it is fine. Where the key is known and left out it is a warning, else a note.

    ## Why is this bad
    Of two rows with the same time the engine takes whichever thread was faster. The next run takes the other one: the
    same event has another value, and is a conflict with what was sent; the same customer has another identifier, and
    leaves an audience to enter it anew.

    ## Example
    ```sql
    qualify row_number() over (partition by customer_id order by ordered_at desc) = 1
    ```

    ## Use instead
    ```sql
    qualify row_number() over (partition by customer_id order by ordered_at desc, order_id) = 1
    ```
    """

    code = "PU304"
    name = "determinism.ties"
    severity = "warning"

    def check(self, context: Context) -> Iterator[Finding]:
        """Yield orders with ties, and row numbers without any order."""
        for model, choice in choices_behind_views(context):
            if choice.kind != "any":
                severity = "warning" if choice.key or choice.kind == "unordered" else "note"
                yield context.finding(self, model, choice.place, _told(choice), _advice(choice), severity=severity)


def _told(choice: Choice) -> str:
    if choice.kind == "unordered":
        return f"`{choice.function}()` has no ORDER BY: which row it takes differs from run to run."
    order = ", ".join(f"`{one}`" for one in choice.order)
    return f"`{choice.function}()` is ordered by {order}: of two rows that are alike there, any may come first."


def _advice(choice: Choice) -> Fix:
    key = ", ".join(f"`{name}`" for name in choice.key)
    if choice.kind == "unordered":
        return Fix(f"Add an ORDER BY that ends in {key or 'a unique key'}.")
    if choice.key:
        return Fix(f"End the order with {key}, which no two rows have in common.")
    return Fix("End the order with a key of the rows, and declare it: `data_tests: [unique]` in the YAML.")
