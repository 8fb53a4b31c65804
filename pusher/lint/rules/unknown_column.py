"""PU202."""

from __future__ import annotations

from pusher.lint.rules.base import ColumnRule


class UnknownColumn(ColumnRule):
    """A column that the contract does not know.

    ## What it does
    Finds columns of a destination view, and fields of `contents`, that are in no list of the contract. A name that is
    close to a known one is an error with the right name; any other is a warning.

    ## Why is this bad
    A misspelt column is not sent, and nothing else would say so: the field just stays empty in TikTok.

    ## Example
    ```sql
    select order_total as vlaue
    ```

    ## Use instead
    ```sql
    select order_total as value
    ```
    """

    code = "PU202"
    name = "contract.unknown-column"
    severity = "error"
    kind = "unknown-column"
