"""What goes into a hash beside an identifier, and what becomes of the digest."""

from __future__ import annotations

import re
from collections.abc import Sequence

from sqlglot import exp

from pusher.lint.flow.guards import number
from pusher.lint.flow.relations import span
from pusher.lint.flow.values import Value, join

FIRST_ONLY = "first only"
CAPITALS, RESHAPED = "capitals", "reshaped"
BESIDE = "beside"
"""A text holds a digest, and something before or behind it."""
SKIPS_NULL, SEVERAL, CONSTANT, ONLY_CONSTANT = "skips null", "several", "constant", "only constant"
EITHER = "either"
"""One identifier stands in for another of a different kind, as in coalesce()."""
GIVEN = "given"
"""A filter or a data test leaves out the rows without a value."""
_DIGITS = 64
_CLASS = re.compile(r"\[|\\[DdSsWw]")
_BASE64 = frozenset({"base64", "to_base64"})
_JOINS: tuple[type[exp.Expr], ...] = (exp.GroupConcat, exp.ArrayToString, exp.ConcatWs)
_SPLITS: tuple[type[exp.Expr], ...] = (exp.Split, exp.RegexpSplit, exp.SplitPart)


def reshaped(node: exp.Expr, value: Value, model: str) -> Value:
    """Return the value of a function that gives a digest another form."""
    if not value.hashed:
        return value
    what = None
    if isinstance(node, _JOINS):
        return value.marked(BESIDE, "digests that are joined into one text", span(node, model))
    if isinstance(node, _SPLITS):
        return value.without(BESIDE)
    if isinstance(node, (exp.Hex, exp.LowerHex)):
        what = "the hexadecimal form of a digest that is in hexadecimal already"
    elif isinstance(node, exp.ToBase64) or (isinstance(node, exp.Anonymous) and node.name.lower() in _BASE64):
        what = "a digest in base64"
    elif isinstance(node, (exp.Left, exp.Substring)):
        length = number(node.args.get("length") or node.args.get("expression"))
        what = f"the first {length:g} characters of a digest" if length is not None and length < _DIGITS else None
    return value if what is None else value.marked(RESHAPED, what, span(node, model))


def replaced(node: exp.Expr, value: Value, model: str) -> Value:
    """Return the value after regexp_replace() of a class of characters, which takes the first match without `g`."""
    pattern = node.args.get("expression")
    if not isinstance(node, exp.RegexpReplace) or not value.leaks or not isinstance(pattern, exp.Literal):
        return value
    text = str(pattern.this)
    is_held = text.startswith("^") or text.endswith("$")
    if "g" in node.text("modifiers") or is_held or not _CLASS.search(text):
        return value
    return value.marked(FIRST_ONLY, text, span(node, model))


def folded(node: exp.Expr, value: Value, model: str) -> Value:
    """Return a value after upper() or lower()."""
    if isinstance(node, exp.Lower):
        return value.without(CAPITALS)
    if isinstance(node, exp.Upper) and value.hashed:
        return value.marked(CAPITALS, "upper()", span(node, model))
    return value


def beside(node: exp.Expr, whole: Value, parts: Sequence[Value], model: str) -> Value:
    """Return a text that is made of a digest and something else, by `||` or concat()."""
    given = [part for part in parts if part.is_open or any(one.text.strip() for one in part.constants)]
    if len(given) < 2 or not any(part.hashed for part in given):  # noqa: PLR2004 -- a digest, and something beside it
        return whole
    return whole.without(BESIDE).marked(BESIDE, "a digest with something before or behind it", span(node, model))


def joined(node: exp.Expr, whole: Value, parts: Sequence[Value], model: str, *, is_guarded: bool) -> Value:
    """Return a text made of several.

    Args:
        node: `a || b` or concat().
        whole: What it may hold.
        parts: Values of the parts.
        model: Name of the model, for places.
        is_guarded: A condition around it looks at one of its columns.
    """
    kinds = [frozenset(leak.kind for leak in part.leaks) for part in parts if part.leaks]
    if any(not one & other for number_, one in enumerate(kinds) for other in kinds[number_ + 1 :]):
        names = sorted(frozenset().union(*kinds))
        whole = whole.marked(SEVERAL, ",".join(names), span(node, model))
    texts = [one.text for part in parts if not part.is_open for one in part.constants if one.text.strip()]
    named = [part for part in parts if part.leaks]
    is_known = is_guarded or any(mark.kind == GIVEN for part in named for mark in part.marks)
    if isinstance(node, exp.Concat) and texts and named and not is_known:
        whole = whole.marked(SKIPS_NULL, "".join(texts), span(node, model))
    return whole


def either(node: exp.Expr, values: Sequence[Value], model: str) -> Value:
    """Return the value of a function that gives one of several, or a list of them."""
    kinds = [{leak.kind for leak in value.leaks} | {one.kind for one in value.hashed} for value in values]
    given = [frozenset(one) for one in kinds if one]
    whole = join(values)
    # A column that mixes kinds may hold the same one as the other part.
    if any(not one & other for place, one in enumerate(given) for other in given[place + 1 :]):
        whole = whole.marked(EITHER, ",".join(sorted(frozenset().union(*given))), span(node, model))
    return whole


def hashed(node: exp.Expr, value: Value, model: str, *, is_guarded: bool) -> Value:
    """Return the digest of a value."""
    place = span(node, model)
    digest = value.sanitised(place).without(BESIDE)
    if is_guarded:
        digest = digest.without(SKIPS_NULL)
    for constant in sorted(value.constants, key=lambda one: one.text):
        digest = digest.marked(CONSTANT if value.is_open else ONLY_CONSTANT, constant.text, place)
    return digest
