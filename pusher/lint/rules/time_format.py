"""PU806."""

from __future__ import annotations

import re
from collections.abc import Iterator

from sqlglot import exp

from pusher.lint.rules.portability import Difference, PortabilityRule, text_of

_PARTS = re.compile(r"%(-?.)|([A-Za-z]+)")
# These are the same on Spark and PostgreSQL.
_SAME = frozenset({*"YymdHIMSfAaBb%", *(f"-{letter}" for letter in "ymdHIMS")})


class TimeFormat(PortabilityRule):
    """A format of a time has letters, or parts that are DuckDB's own.

    ## What it does
    Finds formats of `strftime()` and `strptime()` with letters that are no part of a time, such as the `T` between
    date and time, and with parts such as `%g`, `%p`, `%V` or `%c`.

    ## Why is this bad
    PostgreSQL writes `2026-06-01STH24:34:56` for `'%Y-%m-%dT%H:%M:%S'`, because `TH` means an ending to it; for `'Q%m'`
    both write the quarter. Nothing fails.

    ## Example
    ```sql
    select strftime(ordered_at, '%Y-%m-%dT%H:%M:%SZ') as ordered_at from orders
    ```

    ## Use instead
    ```sql
    select strftime(ordered_at, '%Y-%m-%d') || 'T' || strftime(ordered_at, '%H:%M:%S') || 'Z' as ordered_at from orders
    ```
    """

    code = "PU806"
    name = "portability.time-format"

    def differences(self, node: exp.Expr) -> Iterator[Difference]:
        """Yield letters and parts that differ, each format once."""
        if not isinstance(node, exp.TimeToStr | exp.StrToTime):
            return
        format_ = text_of(node.args.get("format")) or text_of(node.this) or ""
        parts = _PARTS.findall(format_)
        if letters := [one for _, one in parts if one]:
            message = f"`{letters[0]}` in the format of a time is read as a part of it elsewhere."
            yield Difference(message, "Put it between two calls: strftime(x, '%Y-%m-%d') || 'T' || strftime(x, '%H').")
        if others := [one for one, _ in parts if one and one not in _SAME]:
            message = f"`%{others[0]}` in the format of a time gives something else elsewhere, or fails."
            yield Difference(message, "Use %Y, %m, %d, %H, %M, %S, %f, and %A or %B for names.")
