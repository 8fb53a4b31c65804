"""PU204."""

from __future__ import annotations

from pusher.lint.rules.base import ColumnRule


class AliasName(ColumnRule):
    """A column has an accepted name that is not the contract's.

    ## What it does
    Notes a column that is given under another name that pages or older queries use, such as `timestamp` for
    `event_time` or `emails` for `email`. It is sent all the same.

    ## Why is this bad
    Two names for one thing make models harder to compare, and `timestamp` is a reserved word in other engines.

    ## Example
    ```sql
    select ordered_at as timestamp
    ```

    ## Use instead
    ```sql
    select ordered_at as event_time
    ```
    """

    code = "PU204"
    name = "contract.alias"
    severity = "note"
    kind = "alias"
