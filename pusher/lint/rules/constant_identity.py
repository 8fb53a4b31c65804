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
    """A text constant stands where an identity, or another column, belongs.

    ## What it does
    Finds identity columns that can be a text written in the SQL, other columns that are a text of their own name, and
    an `event_id` that is a text with the name of a column of what the view reads.

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
        for output in view.relation.outputs:
            field, constants = view.field(output), in_order(output.value.constants)
            if field is None or field.holds_digests or output.value.is_open or len(constants) != 1:
                continue
            text, place = constants[0].text.lower(), constants[0].place
            if text == (output.name or "").lower() or (field.column == "event_id" and text in _names(context, view)):
                message = f"`{output.name}` is the text {literal(constants[0].text)} in every row."
                fix = Fix(f"Name the column without quotes: {constants[0].text}.")
                place = place or context.place_in(view, output)
                yield context.finding(self, view.model.name, place, message, fix, column=output.name)


def _names(context: Context, view: View) -> set[str]:
    """Return the names of all columns that a view reads, far up too."""
    models = context.flow.ancestors([view.model.name])
    sources = {key for model in models for key in model.sources}
    listed = [column.name for model in models for column in context.columns.get(model.name, ())]
    listed += [column.name for key in sources for column in context.manifest.sources[key].columns]
    listed += [column.name for key in sources for column in context.source_columns.get(key, ())]
    return {name.lower() for name in listed}


def _fix(constant: Constant) -> Fix:
    if _COLUMN.fullmatch(constant.text):
        return Fix(f"Name the column without quotes and hash it: {{{{ hashed_email('{constant.text}') }}}}.")
    return Fix("Select the column that holds the identity, hashed, or NULL where there is none.")
