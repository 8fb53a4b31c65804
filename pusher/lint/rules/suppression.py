"""PU001."""

from __future__ import annotations

from collections.abc import Iterator

from pusher.lint.context import Context
from pusher.lint.finding import Finding, Fix
from pusher.lint.noqa import Noqa, comments
from pusher.lint.rules.base import Rule


class Suppression(Rule):
    """A suppression gives no reason, or names no rule.

    ## What it does
    Finds `-- noqa: PU203` without `because ...`, and codes of rules that there are not. Such a comment suppresses
    nothing. With a reason it silences the named rules on its line, or on the next line when it stands alone.

    ## Why is this bad
    Whoever reads the model next cannot tell whether the finding was wrong or only in the way.

    ## Example
    ```sql
    event_day as event_time, -- noqa: PU203
    ```

    ## Use instead
    ```sql
    event_day as event_time, -- noqa: PU203 because the till knows the day only
    ```
    """

    code = "PU001"
    name = "lint.suppression"
    severity = "warning"
    looks_at_all = True

    def check(self, context: Context) -> Iterator[Finding]:
        """Yield comments without a reason."""
        from pusher.lint.rules import RULES

        known = {rule.code for rule in RULES}
        names = {model.path: model.name for model in context.models}
        macros = dict.fromkeys((macro.path for macro in context.manifest.macro_texts.all.values()), "")
        for path, name in {**macros, **names}.items():
            for comment in comments(context.manifest.texts.get(path, "")):
                codes = ", ".join(comment.codes)
                if not comment.reason:
                    message = f"The suppression of {codes} gives no reason, so it has no effect."
                    yield self._finding(name, path, comment, message, f"Write `-- noqa: {codes} because ...`.")
                for code in comment.codes:
                    if code not in known:
                        message = f"The suppression names {code}, and there is no such rule."
                        yield self._finding(name, path, comment, message, "Rules: docs/reference/lint-rules.md.")

    def _finding(self, model: str, path: str, comment: Noqa, message: str, fix: str) -> Finding:
        return Finding(
            self.code,
            self.name,
            self.severity,
            model,
            None,
            path,
            comment.line,
            comment.column,
            comment.line,
            comment.end_column,
            message,
            Fix(fix),
        )
