"""PU103."""

from __future__ import annotations

from collections.abc import Iterator

from pusher.lint.context import Context
from pusher.lint.finding import Finding, Fix
from pusher.lint.rules.base import Rule


class TextOfRows(Rule):
    """The SQL of a model hangs on the rows of a query.

    ## What it does
    Finds models that call `run_query()` or a macro that does, such as `dbt_utils.get_column_values()`. They are judged
    as they render while `execute` is false, because lint opens no warehouse. A model that no destination view reads
    is a note.

    ## Why is this bad
    What is sent is made by another text than the one that lint has seen. `pusher build` renders it with the rows,
    proves again that no raw identifier reaches a destination view, and builds nothing of it otherwise; everything else
    that lint says about such a view may be wrong either way.

    ## Example
    ```sql
    {% set methods = dbt_utils.get_column_values(ref('payments'), 'method') %}
    ```

    ## Use instead
    ```sql
    {% set methods = ['card', 'cash'] %}
    ```
    """

    code = "PU103"
    name = "structure.text-of-rows"
    severity = "warning"
    looks_at_all = True

    def check(self, context: Context) -> Iterator[Finding]:
        """Yield models whose text is open, each once."""
        behind = {model.name for model in context.behind_views}
        judged = {model.name for model in context.models} | behind
        for model in context.manifest.models.values():
            if not model.is_open or model.name not in judged or model.query is None:
                continue
            file, line, column = model.query
            what = "The SQL of a destination view, or of a model behind one," if model.name in behind else "The SQL"
            message = f"{what} hangs on the rows of a query: `{model.name}` is judged as it is without them."
            fix = Fix("Write the values out; otherwise the build proves it, and refuses raw identifiers.")
            severity = self.severity if model.name in behind else "note"
            yield Finding(
                self.code, self.name, severity, model.name, None, file, line, column, line, column + 1, message, fix
            )
