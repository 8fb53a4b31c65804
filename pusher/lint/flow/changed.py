"""What turns an address or a number into another one before it is hashed."""

from __future__ import annotations

import re
from collections.abc import Sequence

from sqlglot import exp

from pusher.lint.flow.guards import number
from pusher.lint.flow.relations import span
from pusher.lint.flow.values import Value

NO_DOTS, ADDED, CUT, NO_PLUS, ONE_COUNTRY = "no dots", "added", "cut", "no plus", "one country"
_DOT = frozenset({".", r"\.", "[.]", r"[\.]"})
_ALL_BUT_DIGITS = re.compile(r"(\[\^(0-9|\\d)\]|\\D)\+?")
_CALLING_CODE = re.compile(r"\+[1-9][0-9]{0,2}")
# Fewer are the prefix of a number, which somebody looks at; E.164 has up to 15 digits behind its +.
_SHORTEST, _LONGEST = 7, 15


def changed(node: exp.Expr, value: Value, model: str) -> Value:
    """Return the value of a function that takes a part of an identifier away."""
    if not value.leaks:
        return value
    if _has_plus(node):
        value = value.without(NO_PLUS)
    if isinstance(node, exp.Replace | exp.RegexpReplace) and _takes_away(node):
        pattern = node.expression.name
        if pattern in _DOT and _is_whole_address(value):
            return value.marked(NO_DOTS, "", span(node, model))
        if isinstance(node, exp.RegexpReplace) and _ALL_BUT_DIGITS.fullmatch(pattern) and _is_number(value):
            return value.marked(NO_PLUS, "", span(node, model))
    if isinstance(node, exp.Left | exp.Substring) and _is_number(value) and number(node.args.get("start")) in (None, 1):
        length = number(node.args.get("length") or node.args.get("expression"))
        if length is not None and _SHORTEST <= length < _LONGEST:
            return value.marked(CUT, f"{length:g}", span(node, model))
    return value


def put_together(node: exp.Expr, whole: Value, parts: Sequence[Value], model: str) -> Value:
    """Return a text that is made of an identifier and something else, by `||` or concat()."""
    texts = [one.text.strip() for part in parts if not part.is_open for one in part.constants if one.text.strip()]
    numbers = [part for part in parts if _is_number(part)]
    if any("+" in text for text in texts) or any(part.is_open and not part.leaks for part in parts):
        whole = whole.without(NO_PLUS)
    codes = [text for text in texts if _CALLING_CODE.fullmatch(text)]
    if codes and numbers and node.find_ancestor(exp.Case, exp.If) is None:
        whole = whole.without(ONE_COUNTRY).marked(ONE_COUNTRY, codes[0], span(node, model))
    if any(map(_is_whole_address, parts)) and texts and not any("@" in text for text in texts):
        whole = whole.without(ADDED).marked(ADDED, texts[0], span(node, model))
    return whole


def _kinds(value: Value) -> set[str]:
    return {leak.kind for leak in value.leaks}


def _is_number(value: Value) -> bool:
    return _kinds(value) == {"phone"}


def _is_whole_address(value: Value) -> bool:
    """Whether a value is an address, and no part of one."""
    return _kinds(value) == {"email"} and not any(leak.is_remade for leak in value.leaks)


def _takes_away(node: exp.Expr) -> bool:
    pattern, replacement = node.expression, node.args.get("replacement")
    is_all = isinstance(node, exp.Replace) or "g" in node.text("modifiers")
    return isinstance(pattern, exp.Literal) and isinstance(replacement, exp.Literal) and not replacement.name and is_all


def _has_plus(node: exp.Expr) -> bool:
    return any(isinstance(child, exp.Literal) and "+" in child.name for child in node.iter_expressions())
