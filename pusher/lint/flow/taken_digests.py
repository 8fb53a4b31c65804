"""CASE expressions that take a value as it is only where it is a digest: 64 hexadecimal digits and nothing else."""

from __future__ import annotations

import re

from sqlglot import exp

from pusher.lint.flow.functions import instability

_SIXTY_FOUR_HEX = re.compile(r"(\^?)\[(?:0-9|a-f|A-F)+\]\{64\}(\$?)")


def tested(condition: exp.Expr) -> exp.Expr | None:
    """Return the expression that a condition is true of only when it is a digest; None for any other condition."""
    if isinstance(condition, exp.Paren):
        return tested(condition.this)
    if not isinstance(condition, exp.RegexpLike | exp.RegexpFullMatch):
        return None
    pattern = condition.expression
    given = [value for value in condition.args.values() if isinstance(value, exp.Expr)]
    # A third argument holds options, which may change what the pattern means.
    if not isinstance(pattern, exp.Literal) or not pattern.is_string or len(given) > 2:  # noqa: PLR2004 -- text and pattern
        return None
    found = _SIXTY_FOUR_HEX.fullmatch(str(pattern.this))
    whole = isinstance(condition, exp.RegexpFullMatch) or (found is not None and all(found.groups()))
    subject: exp.Expr = condition.this
    # A subquery and a function of nobody's knowledge may answer differently when they are asked again.
    if subject.find(exp.Query, exp.Anonymous) is not None or any(map(instability, subject.walk())):
        return None
    return subject if found is not None and whole else None


def is_same(result: exp.Expr, subject: exp.Expr) -> bool:
    """Whether a result is the tested expression itself, perhaps in lower case."""
    if result == subject:
        return True
    return isinstance(result, exp.Paren | exp.Lower) and is_same(result.this, subject)
