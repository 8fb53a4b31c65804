"""PU413."""

from __future__ import annotations

from collections.abc import Iterator

from pusher.lint.context import Context, View
from pusher.lint.finding import Finding, Fix
from pusher.lint.flow.consent import asks_for
from pusher.lint.flow.project import Failure
from pusher.lint.rules.base import ViewRule


class NoConsent(ViewRule):
    """Nobody asks who agreed.

    ## What it does
    Finds destination views where neither the view nor a model that it reads uses the project's consent column in a
    condition: WHERE, HAVING, QUALIFY or the condition of a join. A column that is made of it counts as well. The rule
    is silent until `consent.column` in `pusher.yml` names the column.

    ## Why is this bad
    People who did not agree to marketing, or objected, end up in an audience or in an event. A view that may send
    them all the same, because other law allows it or the source holds nobody else, says so in writing:
    `consent.waived` takes the view and the reason.

    ## Example
    ```sql
    select {{ hashed_email('email') }} as email from {{ ref('customers') }}
    ```

    ## Use instead
    ```sql
    select {{ hashed_email('email') }} as email from {{ ref('customers') }}
    where {{ consented('has_consent') }}
    ```
    """

    code = "PU413"
    name = "privacy.no-consent"
    severity = "error"

    def check_view(self, context: Context, view: View) -> Iterator[Finding]:
        """Yield a view that sends people whether they agreed or not."""
        consent = context.policy.consent
        if consent.column is None or view.model.name in consent.waived:
            return
        models = context.flow.ancestors([view.model.name])
        trees = [context.flow.tree(model.name) for model in models if model.seed is None]
        if asks_for((tree for tree in trees if not isinstance(tree, Failure)), consent.column):
            return
        message = f"Neither this view nor what it reads asks `{consent.column}` who agreed."
        fix = f"Filter by it, or write the reason into pusher.yml: consent: {{waived: {{{view.model.name}: ...}}}}."
        yield context.finding(self, view.model.name, view.select, message, Fix(fix))
