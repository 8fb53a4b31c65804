"""PU803."""

from __future__ import annotations

from collections.abc import Iterator

from sqlglot import exp

from pusher.lint.rules.portability import Difference, PortabilityRule, text_of

_ALL = "g"


class RegexOptions(PortabilityRule):
    """A regular expression has other options elsewhere.

    ## What it does
    Finds `regexp_replace()` without the option `'g'`, and options such as `'i'` of any function that takes a pattern.

    ## Why is this bad
    Without `'g'` DuckDB and PostgreSQL replace the first match, Spark replaces all. Spark leaves every option out, so
    that capitals count there. Nothing fails; a number has other digits, and its digest matches nobody.

    ## Example
    ```sql
    select regexp_replace(code, '[a-z]+', '', 'i') as code from orders
    ```

    ## Use instead
    ```sql
    select regexp_replace(code, '[A-Za-z]+', '', 'g') as code from orders
    ```
    """

    code = "PU803"
    name = "portability.regex-options"

    def differences(self, node: exp.Expr) -> Iterator[Difference]:
        """Yield replacements of one match, and options."""
        if isinstance(node, exp.RegexpReplace):
            options = text_of(node.args.get("modifiers")) or ""
            if _ALL not in options:
                message = "regexp_replace() without 'g' replaces the first match here and all on Spark."
                instead = "Add 'g', and hold the pattern with ^ or more letters when one match is meant."
                yield Difference(message, instead)
        elif isinstance(node, exp.RegexpLike | exp.RegexpExtract | exp.RegexpExtractAll | exp.RegexpFullMatch):
            options = text_of(node.args.get("flag") or node.args.get("parameters")) or ""
        else:
            return
        if others := options.replace(_ALL, ""):
            message = f"The option '{others}' of a pattern is left out on Spark."
            yield Difference(message, "Say it in the pattern, with both cases in its classes for example.")
