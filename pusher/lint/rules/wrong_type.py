"""PU203."""

from __future__ import annotations

from pusher.lint.rules.base import ColumnRule


class WrongType(ColumnRule):
    """A column has a type that the field cannot take.

    ## What it does
    Compares the type that DuckDB's binder gives a column with the contract's field, inside `contents` too.

    ## Why is this bad
    A DATE has no time of day, a DOUBLE loses digits of an id, a text is no amount. Casting in the push would have to
    guess; casting in the model is visible.

    ## Example
    ```sql
    select cast(ordered_at as date) as event_time
    ```

    ## Use instead
    ```sql
    select ordered_at as event_time
    ```
    """

    code = "PU203"
    name = "contract.wrong-type"
    severity = "error"
    kind = "wrong-type"
