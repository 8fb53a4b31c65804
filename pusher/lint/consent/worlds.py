"""What is possible when a person agreed, refused or never answered.

Every query is read three times, once for each of these worlds. What a condition or a column may be in the worlds of
people who did not agree decides whether they are left out.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Literal

from pusher.lint.flow.values import Place

World = Literal["agreed", "refused", "silent"]
AGREED: World = "agreed"
REFUSED: World = "refused"
SILENT: World = "silent"
WORLDS: tuple[World, ...] = (AGREED, REFUSED, SILENT)
ALL = frozenset(WORLDS)
NOT_AGREED = frozenset({REFUSED, SILENT})


@dataclass(frozen=True, slots=True)
class Token:
    """Something that a value may be.

    Attributes:
        kind: What it is.
        text: Of a literal, its text.
    """

    kind: str
    text: str = ""


Tokens = frozenset[Token]

NULL, TRUE, FALSE = Token("null"), Token("true"), Token("false")
YES, NO = Token("yes"), Token("no")
"""The consent column's own value: one that says yes, or any other but NULL."""
POSITIVE = Token("positive")
"""A number above 0."""
ANY, SOME = Token("any"), Token("some")
"""Anything of the person, and anything of the person but NULL."""
HARMLESS = Token("harmless")
"""Made of constants, or of somebody else who agreed: it identifies nobody who did not."""

NOTHING: Tokens = frozenset()
UNKNOWN_TRUTH = frozenset({TRUE, FALSE, NULL})
_TRUTH: Mapping[Token, Tokens] = {
    NULL: frozenset({NULL}), TRUE: frozenset({TRUE}), FALSE: frozenset({FALSE}), YES: frozenset({TRUE}),
    NO: frozenset({FALSE}), POSITIVE: frozenset({TRUE}), SOME: frozenset({TRUE, FALSE}),
}  # fmt: skip
_NEGATED = {TRUE: FALSE, FALSE: TRUE, NULL: NULL}
_TEXTS_OF_TRUE = frozenset({"true", "t", "yes", "y", "1", "on"})
_TEXTS_OF_FALSE = frozenset({"false", "f", "no", "n", "0", "off"})


def literal(text: str) -> Token:
    """Return the token of a literal; numbers are alike however they are written."""
    text = text.strip().casefold()
    try:
        number = float(text)
    except ValueError:
        return Token("literal", text)
    return Token("literal", str(int(number)) if number.is_integer() else str(number))


def truth(tokens: Tokens) -> Tokens:
    """Return what values are as a condition."""
    found: set[Token] = set()
    for token in tokens:
        if token.kind == "literal":
            found |= _truth_of(token.text)
        else:
            found |= _TRUTH.get(token, UNKNOWN_TRUTH)
    return frozenset(found)


def _truth_of(text: str) -> Tokens:
    if text in _TEXTS_OF_TRUE:
        return frozenset({TRUE})
    if text in _TEXTS_OF_FALSE:
        return frozenset({FALSE})
    return frozenset({TRUE, FALSE})


def negated(tokens: Tokens) -> Tokens:
    """Return NOT of a condition."""
    return frozenset(_NEGATED[one] for one in truth(tokens))


def both(one: Tokens, other: Tokens) -> Tokens:
    """Return AND of two conditions."""
    return _combined(one, other, lambda a, b: FALSE if FALSE in (a, b) else NULL if NULL in (a, b) else TRUE)


def one_of(one: Tokens, other: Tokens) -> Tokens:
    """Return OR of two conditions."""
    return _combined(one, other, lambda a, b: TRUE if TRUE in (a, b) else NULL if NULL in (a, b) else FALSE)


def _combined(one: Tokens, other: Tokens, rule: Callable[[Token, Token], Token]) -> Tokens:
    return frozenset(rule(a, b) for a in truth(one) for b in truth(other))


@dataclass(frozen=True, slots=True)
class Blame:
    """Why people who did not agree may be in a value.

    Attributes:
        kind: `branch`, `condition`, `outer`, `anti`, `apart` or `opaque`.
        place: Where that is.
        text: The SQL of it.
        worlds: Who is let through.
    """

    kind: str
    place: Place | None
    text: str = ""
    worlds: frozenset[World] = NOT_AGREED


@dataclass(frozen=True, slots=True)
class Fact:
    """What a column may be, in each world.

    Attributes:
        agreed: Where the person agreed.
        refused: Where they said something else.
        silent: Where nothing is known of their answer.
        blames: Why it may be of people who did not agree.
    """

    agreed: Tokens
    refused: Tokens
    silent: Tokens
    blames: frozenset[Blame] = frozenset()

    def of(self, world: World) -> Tokens:
        """Return what it may be in a world."""
        return self.agreed if world == AGREED else self.refused if world == REFUSED else self.silent

    def mapped(self, change: Callable[[World, Tokens], Tokens]) -> Fact:
        """Return the fact with other tokens."""
        return fact(lambda world: change(world, self.of(world)), self.blames)

    def blaming(self, blames: Iterable[Blame]) -> Fact:
        """Return the fact with further reasons."""
        return Fact(self.agreed, self.refused, self.silent, self.blames | frozenset(blames))

    @property
    def tells(self) -> bool:
        """Whether its value differs with the answer."""
        return not self.agreed == self.refused == self.silent

    @property
    def escapes(self) -> frozenset[World]:
        """The worlds of people who did not agree in which it may identify somebody."""
        return frozenset(world for world in NOT_AGREED if not self.of(world).isdisjoint({ANY, SOME}))


def fact(of: Callable[[World], Tokens], blames: frozenset[Blame] = frozenset()) -> Fact:
    """Return what a function says of each world."""
    return Fact(of(AGREED), of(REFUSED), of(SILENT), blames)


def joined(facts: Iterable[Fact]) -> Fact:
    """Return a column that is one of several."""
    known = list(facts)
    blames = frozenset[Blame]().union(*(one.blames for one in known))
    return fact(lambda world: NOTHING.union(*(one.of(world) for one in known)), blames)


CONSENT = Fact(frozenset({YES}), frozenset({NO}), frozenset({NULL}))
"""The consent column."""
MOMENT = Fact(frozenset({YES}), frozenset({NULL}), frozenset({NULL}))
"""A consent column that says when somebody agreed."""
ANYTHING = Fact(frozenset({ANY}), frozenset({ANY}), frozenset({ANY}))
NO_VALUE = Fact(frozenset({NULL}), frozenset({NULL}), frozenset({NULL}))
