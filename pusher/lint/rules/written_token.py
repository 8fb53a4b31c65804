"""PU414."""

from __future__ import annotations

import re
from collections.abc import Iterator

from pusher.lint.context import Context
from pusher.lint.finding import Finding, Fix
from pusher.lint.rules.base import Rule

_TOKEN = re.compile(r"(?<![0-9A-Za-z])[0-9a-f]{40}(?![0-9A-Za-z])")
"""The form of tokens, codes and app secrets in the examples of TikTok's documentation."""


class WrittenToken(Rule):
    """A model holds what looks like an access token.

    ## What it does
    Finds 40 hexadecimal digits in the text of a model, comments included: the form of TikTok's access tokens, of the
    codes that become one, and of an app's secret.

    ## Why is this bad
    A model is in version control and is written out when it is compiled. Whoever reads a token there can send events
    and change audiences for as long as nobody revokes it; no model needs one.

    ## Example
    ```sql
    -- curl -H 'Access-Token: 0123456789abcdef0123456789abcdef01234567' ...
    select event_id from orders
    ```

    ## Use instead
    ```sql
    -- the token is where `pusher auth login` keeps it
    select event_id from orders
    ```
    """

    code = "PU414"
    name = "privacy.written-token"
    severity = "warning"
    looks_at_all = True

    def check(self, context: Context) -> Iterator[Finding]:
        """Yield each place that holds one."""
        for model in context.models:
            for found in _TOKEN.finditer(model.raw_sql):
                line_start = model.raw_sql.rfind("\n", 0, found.start()) + 1
                line = model.raw_sql.count("\n", 0, found.start()) + 1
                yield Finding(
                    rule=self.code,
                    name=self.name,
                    severity=self.severity,
                    model=model.name,
                    model_column=None,
                    file=model.path,
                    line=line,
                    column=found.start() - line_start + 1,
                    end_line=line,
                    end_column=found.end() - line_start + 1,
                    message="These 40 hexadecimal digits look like an access token.",
                    fix=Fix(
                        "Take it out, also of the history, and end it with `pusher auth revoke`; if it is none, say so "
                        "with noqa and a reason."
                    ),
                )
