"""What a comparison with the consent column says."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass

from sqlglot import exp

from pusher.lint.consent.worlds import (
    ANY,
    FALSE,
    HARMLESS,
    NO,
    NULL,
    POSITIVE,
    SOME,
    TRUE,
    UNKNOWN_TRUTH,
    YES,
    Token,
    Tokens,
    literal,
    truth,
)

_EITHER = frozenset({TRUE, FALSE})
_GROUP = re.compile(r"^\^?\(?(?:\?:|\?i\))?\(?([\w |-]+)\)?\$?$")


@dataclass(frozen=True)
class Words:
    """What a project's consent column is called, and what in it says yes.

    Attributes:
        column: Its name, in lower case.
        agreed: Its values that say yes, in lower case.
    """

    column: str
    agreed: frozenset[str]

    def says_yes(self, token: Token) -> bool:
        """Whether a constant says yes."""
        return token == TRUE or (token.kind == "literal" and token.text in self.agreed)


def compared(left: Tokens, right: Tokens, words: Words) -> Tokens:
    """Return whether two values are the same."""
    found: Tokens = frozenset()
    for one in left:
        for other in right:
            found |= _compared(one, other, words)
    return found


def _compared(one: Token, other: Token, words: Words) -> Tokens:
    if NULL in (one, other):
        return frozenset({NULL})
    if one in {ANY, HARMLESS} or other in {ANY, HARMLESS}:
        return UNKNOWN_TRUTH
    if SOME in (one, other):
        return _EITHER
    if other in {YES, NO}:
        one, other = other, one
    if one in {YES, NO}:
        return _with_answer(one, other, words)
    if POSITIVE in (one, other):
        plain = other if one == POSITIVE else one
        return frozenset({FALSE}) if plain == literal("0") else _EITHER
    if one.kind == other.kind == "literal":
        return frozenset({TRUE if one == other else FALSE})
    # A constant beside TRUE or FALSE.
    return frozenset(TRUE if a == b else FALSE for a in truth(frozenset({one})) for b in truth(frozenset({other})))


def _with_answer(answer: Token, other: Token, words: Words) -> Tokens:
    if other in {YES, NO}:
        return frozenset({FALSE}) if answer != other else _EITHER
    if other in {TRUE, FALSE}:
        return frozenset({TRUE if (answer == YES) == (other == TRUE) else FALSE})
    if words.says_yes(other):
        # Of several words that say yes it may be another one.
        return _EITHER if answer == YES else frozenset({FALSE})
    return frozenset({FALSE}) if answer == YES else _EITHER


def matched(node: exp.Expr, tokens: Callable[[exp.Expr], Tokens], words: Words) -> Tokens | None:
    """Return what a pattern says of the consent column; None where it is not about it."""
    if not isinstance(node, (exp.Like, exp.ILike, exp.StartsWith, exp.RegexpLike, exp.RegexpFullMatch)):
        return None
    given = tokens(node.this)
    if given.isdisjoint({YES, NO}):
        return None
    pattern = node.expression if isinstance(node.expression, exp.Literal) else None
    listed = [] if pattern is None else _listed(node, str(pattern.this))
    is_yes = bool(listed) and all(literal(one).text in words.agreed for one in listed)
    found: Tokens = frozenset()
    for token in given:
        if token == NULL:
            found |= {NULL}
        else:
            found |= frozenset({FALSE}) if token == NO and is_yes else _EITHER
    return found


def _listed(node: exp.Expr, pattern: str) -> list[str]:
    """Return the words, or the beginnings of words, that a pattern matches; none where it may match others."""
    if isinstance(node, (exp.Like, exp.ILike)):
        text = pattern.removesuffix("%")
        return [] if "%" in text else [text]
    if isinstance(node, exp.StartsWith):
        return [pattern]
    if isinstance(node, exp.RegexpLike) and not (pattern.startswith(("^", "(?i)^")) and pattern.endswith("$")):
        return []
    text = pattern.removeprefix("(?i)")
    found = _GROUP.match(text)
    return [] if found is None else found[1].split("|")
