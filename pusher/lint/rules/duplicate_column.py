"""PU205."""

from __future__ import annotations

from pusher.lint.rules.base import ColumnRule


class DuplicateColumn(ColumnRule):
    """Two columns give the same field.

    ## What it does
    Finds a destination view that carries a field under its name and under an alias at once.

    ## Why is this bad
    Only one of them can be sent, and which one would be a guess.

    ## Example
    ```sql
    select
        digest as email,
        other_digest as emails
    ```

    ## Use instead
    ```sql
    select [digest, other_digest] as email
    ```
    """

    code = "PU205"
    name = "contract.duplicate-column"
    severity = "error"
    kind = "twice"
