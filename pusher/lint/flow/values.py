"""The abstract value of an expression: what may be in it, never what is."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from functools import reduce
from typing import Literal

How = Literal["raw", "weak", "opaque"]
_NONE: frozenset[str] = frozenset()
_MOST_CONVERSIONS = 3
EVERY_STEP = frozenset({"lower", "upper", "trim", "strip"})
"""Of a digest that somebody else made: it counts as normalised."""
MOMENT = "the moment of the run"
"""What a time that a template wrote into the SQL is called."""


@dataclass(frozen=True, slots=True)
class Place:
    """A stretch of a model's compiled SQL.

    Attributes:
        model: Name of the model.
        start: 0-based offset of the first character.
        end: Offset behind the last character.
    """

    model: str
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Leak:
    """An identifier that may be readable, or guessable, in a value.

    Attributes:
        kind: `email`, `phone`, `external_id`, `ip`, `user_agent`, `name` ...
        column: Where it comes from, such as `retail.customers.email`.
        how: `raw`, `weak` (hashed, but not with SHA-256) or `opaque` (through a construct that cannot be followed).
        through: The weak hash or the construct.
        place: Where that is.
        steps: Normalisation that the value went through: `lower`, `upper`, `trim` (blanks around it), `strip`.
        is_remade: It went through a function that may write it in another form, such as hex().
    """

    kind: str
    column: str
    how: How = "raw"
    through: str = ""
    place: Place | None = None
    steps: frozenset[str] = _NONE
    is_remade: bool = False


@dataclass(frozen=True, slots=True)
class Constant:
    """A literal that a value may be.

    Attributes:
        text: The value as text.
        place: The literal in the SQL; after folding, the first literal that went into it.
        as_written: The SQL literal holds exactly this text, so an edit of the literal is an edit of the value.
        is_text: A text literal, not a number.
    """

    text: str
    place: Place | None
    as_written: bool = True
    is_text: bool = True


@dataclass(frozen=True, slots=True)
class Hashed:
    """An identifier behind SHA-256.

    Attributes:
        kind: Kind of the identifier.
        column: Where it comes from.
        place: The hash in the SQL.
        steps: Normalisation before the hash.
        times: How often it was hashed, capped at two.
    """

    kind: str
    column: str
    place: Place | None
    steps: frozenset[str] = _NONE
    times: int = 1


@dataclass(frozen=True, slots=True)
class Unstable:
    """Something that differs between two runs over the same data.

    Attributes:
        name: Function, such as `now()`, or `MOMENT`.
        kind: `clock`, `chance` or `order`.
        place: The call in the SQL.
    """

    name: str
    kind: str
    place: Place | None


@dataclass(frozen=True, slots=True)
class Moment:
    """A time of a source in a value.

    Attributes:
        column: Where it comes from, such as `retail.orders.ordered_at`.
        zone: Its time zone, or None when nobody says.
        is_time: It is a DATE, or a TIMESTAMP without zone; other values may say their zone themselves.
        is_written: It became a text that cannot say its zone.
        conversions: Zones of AT TIME ZONE on the way.
    """

    column: str
    zone: str | None
    is_time: bool = False
    is_written: bool = False
    conversions: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Mark:
    """Something that was done to a value on the way, which a rule may mind where it arrives.

    Attributes:
        kind: `divided`, `picked`, `unsorted` ...
        what: The function or operand, as a message names it.
        place: Where that is.
    """

    kind: str
    what: str
    place: Place | None


@dataclass(frozen=True, slots=True)
class Value:
    """All that is known about one value.

    Attributes:
        leaks: Identifiers that may be in it.
        constants: Literals that it may be.
        is_open: It may be something else than one of `constants` or NULL.
        hashed: Identifiers that went through SHA-256 on the way.
        unstable: Functions on the way that differ from run to run.
        moments: Times of sources that are in it.
        columns: Source columns that it is made of, such as `retail.orders.order_id`, conditions included.
        hints: Kinds and source columns of identifiers that it tells something of without holding them, as a
            comparison, a position or a choice does.
        marks: What was done to it on the way.
        may_be_zero: It may be the number 0.
        fields: Values of a struct's fields (or of the structs in a list), when they are known.
    """

    leaks: frozenset[Leak] = frozenset()
    constants: frozenset[Constant] = frozenset()
    is_open: bool = True
    hashed: frozenset[Hashed] = frozenset()
    unstable: frozenset[Unstable] = frozenset()
    moments: frozenset[Moment] = frozenset()
    columns: frozenset[str] = _NONE
    hints: frozenset[tuple[str, str]] = frozenset()
    marks: frozenset[Mark] = frozenset()
    may_be_zero: bool = True
    fields: Mapping[str, Value] | None = None

    def flat(self) -> Value:
        """Return what remains after a function whose result is not followed value by value."""
        if self.is_open and not self.constants and self.fields is None and self.may_be_zero:
            return self
        return replace(self, constants=frozenset(), is_open=True, fields=None, may_be_zero=True)

    def told(self) -> Value:
        """Return what a yes or no, or a position, tells about this value."""
        held = {(leak.kind, leak.column) for leak in self.leaks} | {(one.kind, one.column) for one in self.hashed}
        hints = self.hints | held
        if not self.unstable and not self.columns and not hints:
            return UNKNOWN
        return Value(unstable=self.unstable, columns=self.columns, hints=hints)

    def decided_by(self, other: Value) -> Value:
        """Return the value when another one decides whether it is taken."""
        if not other.unstable and not other.columns and not other.hints:
            return self
        return replace(
            self,
            unstable=self.unstable | other.unstable,
            columns=self.columns | other.columns,
            hints=self.hints | other.hints,
        )

    def marked(self, kind: str, what: str, place: Place | None) -> Value:
        """Return the value after something that a rule may mind."""
        return replace(self, marks=self.marks | {Mark(kind, what, place)})

    def without(self, *kinds: str) -> Value:
        """Return the value after something that undoes marks."""
        if not self.marks:
            return self
        return replace(self, marks=frozenset(one for one in self.marks if one.kind not in kinds))

    def marks_of(self, *kinds: str) -> list[Mark]:
        """Return the marks of some kinds, in a stable order."""
        return sorted((one for one in self.marks if one.kind in kinds), key=lambda one: (str(one.place), one.what))

    def field(self, name: str) -> Value:
        """Return a struct's field, or the whole when the fields are not known."""
        if self.fields is not None and name.lower() in self.fields:
            return self.fields[name.lower()]
        return self.flat()

    def moved(self, zone: str) -> Value:
        """Return the value after AT TIME ZONE; more than a few conversions are as good as a few."""
        moments = (replace(one, conversions=(*one.conversions, zone)[:_MOST_CONVERSIONS]) for one in self.moments)
        return replace(self.flat(), moments=frozenset(moments)) if self.moments else self.flat()

    def written(self) -> Value:
        """Return the value after a cast to text: an odd number of AT TIME ZONE makes a TIMESTAMP one with a zone."""
        moments = (
            replace(one, is_written=True) if one.is_time and len(one.conversions) % 2 == 0 else one
            for one in self.moments
        )
        return replace(self, moments=frozenset(moments)) if self.moments else self

    def read_as_time(self) -> Value:
        """Return the value after a text was read as a time without zone."""
        return replace(self, moments=frozenset(replace(one, is_time=True) for one in self.moments))

    def stepped(self, step: str) -> Value:
        """Return the value after a normalisation."""
        if not self.leaks:
            return self
        return replace(self, leaks=frozenset(replace(leak, steps=leak.steps | {step}) for leak in self.leaks))

    def weakened(self, how: How, through: str, place: Place | None) -> Value:
        """Return the value after a weak hash or an opaque construct."""
        if not self.leaks:
            return self.flat()
        leaks = (
            replace(leak, how=how, through=through, place=place, steps=_NONE) if leak.how == "raw" else leak
            for leak in self.leaks
        )
        return replace(self.flat(), leaks=frozenset(leaks))

    def remade(self) -> Value:
        """Return the value after a function that may write an identifier in another form."""
        if not self.leaks:
            return self
        return replace(self, leaks=frozenset(replace(leak, is_remade=True) for leak in self.leaks))

    def as_digest(self, place: Place | None) -> Value:
        """Return the value where it is known to be 64 hexadecimal digits.

        No identifier as a source has it looks like that, so what it holds was hashed before; of one in another form,
        such as hex(), this cannot be said.
        """
        plain = {leak for leak in self.leaks if leak.how == "raw" and not leak.is_remade}
        given = {Hashed(leak.kind, leak.column, place, EVERY_STEP) for leak in plain}
        return replace(self.flat(), leaks=self.leaks - plain, hashed=self.hashed | given)

    def without_digests_of(self, other: Value) -> Value:
        """Return the value where `other`, which went into it, is known to be no digest."""
        digests = {(one.kind, one.column) for one in other.hashed}
        hashed = (one for one in self.hashed if one.times == 1 or (one.kind, one.column) not in digests)
        return replace(self, hashed=frozenset(hashed))

    def sanitised(self, place: Place | None) -> Value:
        """Return the value after SHA-256."""
        once = {Hashed(leak.kind, leak.column, place, leak.steps, _times_of(leak)) for leak in self.leaks}
        again = {replace(hashed, place=place, times=2) for hashed in self.hashed}
        return Value(
            hashed=frozenset(once | again),
            unstable=self.unstable,
            columns=self.columns,
            hints=self.hints,
            marks=self.marks,
        )


def _times_of(leak: Leak) -> int:
    """Return how often an identifier was hashed after SHA-256: a key that MD5 makes of a customer is an id itself."""
    return 2 if leak.how == "weak" and leak.kind != "external_id" else 1


UNKNOWN = Value()
NULL = Value(is_open=False, may_be_zero=False)


def _joined_fields(one: Value, other: Value) -> Mapping[str, Value] | None:
    if one.fields is None or other.fields is None:
        # A NULL has no fields and takes none away.
        return one.fields if other is NULL else other.fields if one is NULL else None
    if one.fields.keys() != other.fields.keys():
        return None
    return {name: join((value, other.fields[name])) for name, value in one.fields.items()}


def _join_two(one: Value, other: Value) -> Value:
    if one is other:
        return one
    return Value(
        leaks=one.leaks | other.leaks,
        constants=one.constants | other.constants,
        is_open=one.is_open or other.is_open,
        hashed=one.hashed | other.hashed,
        unstable=one.unstable | other.unstable,
        moments=one.moments | other.moments,
        columns=one.columns | other.columns,
        hints=one.hints | other.hints,
        marks=one.marks | other.marks,
        may_be_zero=one.may_be_zero or other.may_be_zero,
        fields=_joined_fields(one, other),
    )


def join(values: Iterable[Value]) -> Value:
    """Return a value that may be any of these."""
    return reduce(_join_two, values, NULL)


def struct_of(fields: Mapping[str, Value]) -> Value:
    """Return a struct; what is in a field is in the whole."""
    whole = join(value.flat() for value in fields.values())
    return replace(whole, is_open=True, fields=dict(fields))


def never_alike(one: Value, other: Value) -> bool:
    """Whether two values are constants that are never the same, whatever types they are compared in."""
    if one.is_open or other.is_open or not one.constants or not other.constants:
        return False
    return {_compared(constant) for constant in one.constants}.isdisjoint(map(_compared, other.constants))


def _compared(constant: Constant) -> str | float:
    """Return a constant without what a comparison, or an id that is made of it, may not see."""
    text = constant.text.strip().casefold()
    try:
        number = float(text)
    except ValueError:
        return text
    return "nan" if math.isnan(number) else number
