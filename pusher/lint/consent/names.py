"""What names mean in an expression."""

from __future__ import annotations

from abc import ABC, abstractmethod

from sqlglot import exp

from pusher.lint.consent.comparisons import Words
from pusher.lint.consent.rows import Scope
from pusher.lint.consent.worlds import ANY, ANYTHING, CONSENT, NOTHING, NULL, Fact, Tokens, World, fact
from pusher.lint.flow.functions import function_name


class Names(ABC):
    """Finds the columns that an expression names.

    Args:
        words: What the consent column is called, and what in it says yes.
    """

    def __init__(self, words: Words) -> None:
        self._words = words

    @abstractmethod
    def tokens(self, node: exp.Expr, scope: Scope, world: World) -> Tokens:
        """Return what an expression may be in a world."""

    def fact(self, node: exp.Expr, scope: Scope) -> Fact:
        """Return what an expression may be, with the reasons of its columns."""
        columns = list(node.find_all(exp.Column))
        blames = (self._known(one, scope).blames for one in columns)
        return fact(lambda world: self.tokens(node, scope, world), frozenset().union(*blames))

    def asks(self, node: exp.Expr, scope: Scope) -> bool:
        """Whether an expression looks at what the answer decides."""
        return any(
            one.name.lower() == self._words.column or self._known(one, scope).tells for one in node.find_all(exp.Column)
        )

    def _known(self, node: exp.Column, scope: Scope) -> Fact:
        """Return the column that a name is, without what it is made of in the same select list."""
        for one in scope.around():
            found = self._in_scope(node, one)
            if found is not None:
                return found
        return ANYTHING

    def _in_scope(self, node: exp.Column, scope: Scope) -> Fact | None:
        parts = [part.name.lower() for part in node.parts]
        if parts[0] in scope.parameters:
            return self._field(scope.parameters[parts[0]], parts[-1]) if parts[1:] else scope.parameters[parts[0]]
        for entry in scope.owners(node):
            called = next((at for at, part in enumerate(parts[:-1]) if entry.is_called(part)), -1)
            path = parts[called + 1 :]
            found = entry.rows.get(path[0]) if path else entry.rows.everything()
            if found is not None:
                return self._field(found, path[-1]) if path[1:] else found
        return None

    def _field(self, known: Fact, name: str) -> Fact:
        """Return a field of a struct."""
        if name != self._words.column or known.tells:
            return known
        return CONSENT.mapped(lambda world, asked: asked if known.of(world) - {NULL} else known.of(world))

    def _column(self, node: exp.Column, scope: Scope, world: World) -> Tokens:
        if isinstance(node.this, exp.Star):
            return NOTHING.union(*(one.rows.everything().of(world) for one in scope.entries))
        name = node.name.lower()
        for one in scope.around():
            found = self._in_scope(node, one)
            if found is not None:
                return found.of(world)
            if len(node.parts) == 1 and name in one.named:
                # An expression may not find itself under its own name.
                inner = one.named.pop(name)
                try:
                    return self.tokens(inner, one, world)
                finally:
                    one.named[name] = inner
        return frozenset({ANY})

    def _identifier(self, node: exp.Identifier, scope: Scope, world: World) -> Tokens:
        return self._column(exp.column(node.name), scope, world)

    def _dot(self, node: exp.Dot, scope: Scope, world: World) -> Tokens:
        if isinstance(node.expression, exp.Func):
            given = [node.this.copy(), *(child.copy() for child in node.expression.iter_expressions())]
            return self.tokens(exp.func(function_name(node.expression), *given, dialect="duckdb"), scope, world)
        known = fact(lambda one: self.tokens(node.this, scope, one))
        return self._field(known, node.expression.name.lower()).of(world)

    def _extract(self, node: exp.Expr, scope: Scope, world: World) -> Tokens:
        key = node.expression if isinstance(node, exp.StructExtract) else next(iter(node.expressions), None)
        known = fact(lambda one: self.tokens(node.this, scope, one))
        is_name = isinstance(key, exp.Literal) and key.is_string
        return self._field(known, str(key.this).lower() if is_name and key is not None else "").of(world)

    def _json(self, node: exp.Expr, scope: Scope, world: World) -> Tokens:
        keys = list(node.expression.find_all(exp.JSONPathKey))
        known = fact(lambda one: self.tokens(node.this, scope, one))
        return self._field(known, str(keys[-1].this).lower() if keys else "").of(world)
