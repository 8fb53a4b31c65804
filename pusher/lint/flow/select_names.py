"""What the columns of one SELECT are known by, and which of them can be read back from an expression."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from sqlglot import exp

from pusher.lint.flow.functions import function_name, is_one_value
from pusher.lint.flow.grain import Key
from pusher.lint.flow.relations import Scope
from pusher.lint.flow.values import Value

_HASHES = (exp.SHA2, exp.SHA, exp.MD5, exp.MD5Digest, exp.Hex, exp.ToBase64, exp.LowerHex)
# Ids that differ only in case or in blanks around them are not told apart by people either.
_KEEPS = (exp.Paren, exp.Trim, exp.Lower, exp.Upper, exp.Encode, exp.Alias, *_HASHES)
_KEEPS_ALL = (exp.DPipe, exp.Concat, exp.ConcatWs, exp.Struct, exp.Tuple, exp.Array, exp.Format, exp.PropertyEQ)
_KEEPS_BY_NAME = frozenset({"hash", "sha1", "row", "printf", "struct_pack", "list_value", "to_json", "json_array"})
_CASTS = exp.DataType.TEXT_TYPES | exp.DataType.INTEGER_TYPES | {exp.DataType.Type.UUID, exp.DataType.Type.DECIMAL}
# Half of a SHA-256 is still no two ids' digest.
_ENOUGH_OF_A_HASH = 16


@dataclass(frozen=True, slots=True)
class Projected:
    """One output column of a SELECT.

    Attributes:
        name: Its name in lower case, or None.
        node: Its expression, or None where a star passes on `column`.
        column: The column that a star passes on, as `alias.name`.
        value: What it may hold.
    """

    name: str | None
    node: exp.Expr | None
    column: str
    value: Value


class SelectNames:
    """Reads expressions of a SELECT.

    Args:
        scope: Its relations.
        projected: Its columns.
    """

    def __init__(self, scope: Scope, projected: Sequence[Projected]) -> None:
        self._scope, self._projected = scope, projected
        self._entries = {entry.alias: entry for entry in scope.entries}
        self._same: dict[str, str] = {}
        # Expressions that are known as a whole: of GROUP BY, and numbers of rows.
        self._whole: list[exp.Expr] = []
        self._named = {one.name: one.node for one in reversed(projected) if one.name and one.node is not None}
        self._open: set[str] = set()

    def column(self, node: exp.Column) -> str | None:
        """Return a column as `alias.name`, or None when it is none of FROM."""
        name, table = node.name.lower(), node.table.lower()
        if node.args.get("db") is not None:
            return None
        if table:
            return f"{table}.{name}" if table in self._entries else None
        entry = next((one for one in self._entries.values() if name in one.relation.named), None)
        return None if entry is None else f"{entry.alias}.{name}"

    def _canonical(self, key: Key) -> Key:
        return frozenset(self._one(name) for name in key)

    def _one(self, name: str) -> str:
        while name in self._same:
            name = self._same[name]
        return name

    def holds(self, node: exp.Expr) -> Key:
        """Return the columns that can be read back from an expression: equal values have equal columns."""
        for number, whole in enumerate(self._whole):
            if node == whole:
                return frozenset({f"={number}"})
        if isinstance(node, exp.Column):
            found = self.column(node)
            if found is not None:
                return self._with_held(found)
            return frozenset() if node.table else self._behind(node.name.lower())
        if isinstance(node, exp.Cast):
            return self.holds(node.this) if node.to.this in _CASTS else frozenset()
        if isinstance(node, _KEEPS):
            return self.holds(node.this)
        if isinstance(node, exp.Coalesce):
            return self.holds(node.this) if all(_is_constant(one) for one in node.expressions) else frozenset()
        if isinstance(node, (exp.Substring, exp.Left)):
            return self.holds(node.this) if _is_long_hash(node) else frozenset()
        if isinstance(node, _KEEPS_ALL) or (isinstance(node, exp.Anonymous) and function_name(node) in _KEEPS_BY_NAME):
            return frozenset().union(*map(self.holds, node.iter_expressions()))
        return frozenset()

    def _with_held(self, column: str) -> Key:
        """Return a column of FROM with those that can be read back from it."""
        alias, _, name = column.partition(".")
        held = self._entries[alias].relation.grain.holds.get(name, ())
        return frozenset({self._one(column), *(self._one(f"{alias}.{one}") for one in held)})

    def _behind(self, alias: str) -> Key:
        """Return what the expression of the select list with this name holds."""
        node = self._named.get(alias)
        if node is None or alias in self._open:
            return frozenset()
        self._open.add(alias)
        found = self.holds(node)
        self._open.discard(alias)
        return found

    def _names(self, node: exp.Expr) -> Key:
        """Return what an expression of GROUP BY or PARTITION BY is known by."""
        if not is_one_value(node):
            return self._as_whole(node)
        if _is_constant(node):
            return frozenset()
        held, columns = self.holds(node), {self.column(one) for one in node.find_all(exp.Column)}
        if held and (any(name.startswith("=") for name in held) or len(held) >= len(columns)):
            return held
        return self._as_whole(node)

    def _as_whole(self, node: exp.Expr) -> Key:
        self._whole.append(node)
        return frozenset({f"={len(self._whole) - 1}"})

    def _relations(self, node: exp.Expr) -> set[str] | None:
        """Return the relations of FROM that an expression is made of, or None when that is not known."""
        found = {self._relation(one) for one in node.find_all(exp.Column)}
        return None if None in found else {alias for alias in found if alias is not None}

    def _relation(self, node: exp.Column) -> str | None:
        """Return the alias of the relation that a column, or a field of a column, is of."""
        first = node.parts[0].name.lower()
        if len(node.parts) > 1 and first in self._entries:
            return first
        return next((alias for alias, entry in self._entries.items() if first in entry.relation.named), None)

    def _made_of(self, node: exp.Expr) -> frozenset[str]:
        values = (self._scope.path([part.name for part in one.parts]) for one in node.find_all(exp.Column))
        return frozenset().union(*(value.columns for value in values if value is not None))


def _is_constant(node: exp.Expr) -> bool:
    return node.find(exp.Column, exp.Query) is None


def _is_long_hash(node: exp.Expr) -> bool:
    length = node.args.get("length") if isinstance(node, exp.Substring) else node.args.get("expression")
    if not isinstance(length, exp.Literal) or not length.is_int:
        return False
    return isinstance(node.this, _HASHES) and int(str(length.this)) >= _ENOUGH_OF_A_HASH
