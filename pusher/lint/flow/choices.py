"""Where a query takes one of several rows and leaves open which: windows with ties, aggregates that pick."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

from sqlglot import exp

from pusher.lint.flow.functions import function_name
from pusher.lint.flow.grain import Key
from pusher.lint.flow.relations import span
from pusher.lint.flow.select_grain import SelectGrain
from pusher.lint.flow.select_input import conjuncts
from pusher.lint.flow.values import Place

_BY_POSITION = (exp.RowNumber, exp.Ntile)
_OF_A_ROW = (exp.FirstValue, exp.LastValue, exp.NthValue, exp.Lag, exp.Lead, exp.AnyValue, exp.First, exp.Last)
_FIRST_OR_LAST = (exp.First, exp.Last)
_BY_ORDER = (exp.ArgMax, exp.ArgMin)
_PICKS = (exp.AnyValue, exp.Anonymous, *_FIRST_OR_LAST, *_BY_ORDER)
_ANY_BY_NAME = frozenset({"arbitrary", "first", "last"})


@dataclass(frozen=True, slots=True)
class Choice:
    """A function that takes one of several rows.

    Attributes:
        kind: `ties` when an order leaves rows alike, `unordered` when there is none, `any` when none is asked for.
        function: Name of the function.
        order: What it orders by, as written.
        key: Columns that would tell the rows apart, or nothing when none are known.
        place: Where it stands.
    """

    kind: Literal["ties", "unordered", "any"]
    function: str
    order: tuple[str, ...]
    key: tuple[str, ...]
    place: Place | None


class Choices:
    """Reads the choices of one SELECT.

    Args:
        select: What tells its rows apart.
        model: Name of the model, for places.
        group: Expressions of GROUP BY.
        seen: What the SELECT shows of its rows.
    """

    def __init__(self, select: SelectGrain, model: str, group: Key, seen: list[exp.Expr]) -> None:
        self._select, self._model, self._group, self._seen = select, model, group, seen

    def all(self) -> Iterator[Choice]:
        """Yield what depends on more than the rows hold."""
        for part in self._select.parts:
            if isinstance(part, exp.Window):
                yield from self._window(part)
            elif isinstance(part, _PICKS) and not isinstance(_around(part), exp.Window):
                yield from self._aggregate(part)

    def _window(self, node: exp.Window) -> Iterator[Choice]:
        function = node.this.this if isinstance(node.this, (exp.IgnoreNulls, exp.RespectNulls)) else node.this
        if not isinstance(function, (*_BY_POSITION, *_OF_A_ROW)):
            return
        partition, order = self._select.window(node)
        names = self._held([*partition, *order])
        keys = self._select.after.keys
        taken = [function.this] if isinstance(function, _OF_A_ROW) else self._seen
        if any(key <= names for key in keys) or all(self._select.decides(names, one) for one in taken):
            return
        kind: Literal["unordered", "any"] = "any" if isinstance(function, exp.AnyValue) else "unordered"
        yield self._choice("ties" if order else kind, function, order, keys)

    def _aggregate(self, node: exp.Expr) -> Iterator[Choice]:
        if isinstance(node, exp.Anonymous):
            if function_name(node) not in _ANY_BY_NAME or len(node.expressions) != 1:
                return
            taken = node.expressions[0]
        else:
            taken = node.this
        order = [node.expression] if isinstance(node, _BY_ORDER) else []
        if isinstance(taken, exp.Order):
            order = [one.this for one in taken.expressions]
            taken = taken.this
        names = self._group | self._held(order) | self._filtered(node)
        keys = self._select.before.keys
        if any(key <= names for key in keys) or self._select.decides(names, taken):
            return
        kind: Literal["ties", "unordered", "any"] = "unordered" if isinstance(node, _FIRST_OR_LAST) else "any"
        yield self._choice("ties" if order else kind, node, order, keys)

    def _filtered(self, node: exp.Expr) -> Key:
        """Return the columns that FILTER holds to one value."""
        around = _around(node)
        if not isinstance(around, exp.Filter):
            return frozenset()
        equal = [one for one in conjuncts(around.expression) if isinstance(one, exp.EQ)]
        return self._held([side for one in equal for side in (one.this, one.expression)])

    def _held(self, nodes: list[exp.Expr]) -> Key:
        return frozenset().union(*map(self._select.holds, nodes))

    def _choice(
        self, kind: Literal["ties", "unordered", "any"], node: exp.Expr, order: list[exp.Expr], keys: frozenset[Key]
    ) -> Choice:
        shortest = min(keys, key=lambda key: (len(key), sorted(key)), default=frozenset())
        columns = () if any(name.startswith("=") for name in shortest) else sorted(shortest)
        place = span(node, self._model) or (span(node.parent, self._model) if node.parent is not None else None)
        return Choice(
            kind,
            function_name(node),
            tuple(one.sql("duckdb", normalize_functions="lower") for one in order),
            tuple(name.partition(".")[2] for name in columns),
            place,
        )


def _around(node: exp.Expr) -> exp.Expr | None:
    """Return what a call stands in; sqlglot puts IGNORE NULLS around any_value()."""
    return node.parent.parent if isinstance(node.parent, exp.IgnoreNulls) else node.parent
