"""PU210."""

from __future__ import annotations

import re
from collections.abc import Iterator

from pusher.lint.context import Context, View
from pusher.lint.finding import Finding, Fix
from pusher.lint.flow.values import Constant
from pusher.lint.rules.base import ViewRule
from pusher.lint.rules.enums import in_order
from pusher.payload.sql import literal

_COLUMN = re.compile(r"[A-Za-z_]\w*(\.[A-Za-z_]\w*)*")


class ConstantIdentity(ViewRule):
    """A text constant stands where an identity belongs.

    ## What it does
    Finds identity columns that can be a text written in the SQL.

    ## Why is this bad
    Every row would carry the same identity. It happens when a column is put into single quotes, as in a sample of
    another vendor's documentation.

    ## Example
    ```sql
    select 'mc.email' as email
    ```

    ## Use instead
    ```sql
    select {{ hashed_email('mc.email') }} as email
    ```
    """

    code = "PU210"
    name = "contract.constant-identity"
    severity = "error"

    def check_view(self, context: Context, view: View) -> Iterator[Finding]:
        """Yield constants in identity columns."""
        for output, _ in view.identities():
            for constant in in_order(output.value.constants):
                if constant.text.strip():
                    message = f"`{output.name}` can be the text {literal(constant.text)}, the same in every row."
                    yield context.finding(
                        self,
                        view.model.name,
                        constant.place or context.place_in(view, output),
                        message,
                        _fix(constant),
                        column=output.name,
                    )


def _fix(constant: Constant) -> Fix:
    if _COLUMN.fullmatch(constant.text):
        return Fix(f"Name the column without quotes and hash it: {{{{ hashed_email('{constant.text}') }}}}.")
    return Fix("Select the column that holds the identity, hashed, or NULL where there is none.")
