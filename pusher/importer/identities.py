"""Identifiers of people in a query: what it did to make digests is taken off, down to the column as it is stored."""

from __future__ import annotations

import re
from dataclasses import dataclass, field

from sqlglot import exp

from pusher.importer.draft import Draft
from pusher.importer.tables import Sources, Table

HASHES = (exp.SHA, exp.SHA2, exp.SHA1Digest, exp.SHA2Digest, exp.MD5, exp.MD5Digest)
_WEAK = (exp.SHA, exp.SHA1Digest, exp.MD5, exp.MD5Digest)
_TEXT_FORMS = (
    exp.Hex, exp.LowerHex, exp.Lower, exp.Upper, exp.Trim, exp.Encode, exp.RegexpReplace, exp.Replace, exp.Paren,
    exp.Cast, exp.TryCast, exp.ToChar,
)  # fmt: skip
_ONE_OF_ROWS = (exp.Min, exp.Max, exp.AnyValue, exp.First)
_DIGEST_NAME = re.compile(r"(^|_)(sha_?256|hash(ed)?|digest)(_|$)", re.IGNORECASE)
_WEAK_NAME = re.compile(r"(^|_)md5(_|$)", re.IGNORECASE)
HASHED = {
    "email": "hashed_email", "phone": "hashed_phone", "external_id": "hashed_external_id", "idfa": "hashed_idfa",
    "gaid": "hashed_gaid",
}  # fmt: skip
_REFERENCE = re.compile(r"^\s*(?P<owner>\w+)\.(?P<name>\w+)\s*$")
_PREFIX = re.compile(r"^\+?(?P<code>[1-9][0-9]{0,2})$")


@dataclass(frozen=True, slots=True)
class Identity:
    """How an identifier becomes a digest.

    Attributes:
        macro: Macro of the project.
        state: `raw` or `sha256`.
        country: Country of phone numbers in national form, or None for the var.
    """

    macro: str
    state: str
    country: str | None = None

    def call(self, column: str, *, audience: bool) -> str:
        """Return the call of the macro that makes a digest of a column."""
        arguments = [f"'{column}'"]
        if self.country is not None:
            arguments.append(f"\"'{self.country}'\"")
        if self.state != "raw":
            arguments.append(f"state='{self.state}'")
        if audience and self.macro not in {"hashed_phone", "hashed_external_id"}:
            arguments.append("profile=audience_profile()")
        return f"{{{{ {self.macro}({', '.join(arguments)}) }}}}"


@dataclass(slots=True)
class Peeled:
    """What stood around the column of an identifier.

    Attributes:
        hashes: How often it was hashed.
        weak: It was hashed by MD5 or SHA-1.
        cleaned: It was changed before: cut, replaced, put together.
        prefix: Calling code that was put before every number, or None.
        columns: Columns that were found.
        literal: A text that stands where a column should.
    """

    hashes: int = 0
    weak: bool = False
    cleaned: bool = False
    prefix: str | None = None
    columns: list[exp.Column] = field(default_factory=list)
    literal: exp.Literal | None = None

    @property
    def is_digest(self) -> bool:
        """Whether the column holds digests by its name."""
        names = [column.name for column in self.columns]
        return bool(names) and all(_DIGEST_NAME.search(name) for name in names)

    @property
    def is_weak_digest(self) -> bool:
        """Whether the column holds digests that TikTok cannot match."""
        return any(_WEAK_NAME.search(column.name) for column in self.columns)


class Peeling:
    """Takes off what a query does to one kind of identifier.

    Args:
        draft: The query; projections of its CTEs are rewritten when they hash.
        sources: Its tables.

    Attributes:
        unhashed: Columns of CTEs and subqueries that held digests and hold identifiers now.
    """

    def __init__(self, draft: Draft, sources: Sources) -> None:
        self._draft, self._sources = draft, sources
        self._done: set[int] = set()
        self.unhashed: set[tuple[str, str]] = set()

    def peel(self, projection: exp.Expr) -> Peeled:
        """Rewrite a projection to the column behind it; returns what was taken off."""
        found = Peeled()
        inner = projection.this if isinstance(projection, exp.Alias) else projection
        peeled = self._peel(inner, found)
        if peeled is not inner:
            inner.replace(peeled)
        return found

    def _peel(self, node: exp.Expr, found: Peeled) -> exp.Expr:
        if isinstance(node, HASHES):
            found.hashes += 1
            found.weak |= isinstance(node, _WEAK)
            return self._peel(node.this, found)
        if isinstance(node, _TEXT_FORMS):
            found.cleaned |= isinstance(node, (exp.RegexpReplace, exp.Replace))
            return self._peel(node.this, found)
        if isinstance(node, (exp.Concat, exp.DPipe)):
            return self._peel_concat(node, found)
        if isinstance(node, (*_ONE_OF_ROWS, exp.Coalesce, exp.Nullif, exp.Case, exp.If)):
            return self._peel_within(node, found)
        if isinstance(node, exp.Column):
            return self._peel_column(node, found)
        if isinstance(node, exp.Literal) and node.is_string:
            return self._peel_literal(node, found)
        if not isinstance(node, exp.Null):
            columns = list(node.find_all(exp.Column))
            found.columns += columns
            if node.find(*HASHES) is not None:
                message = f"`{self._draft.words(node)}` hashes an identifier in a way that is not known."
                fix = "Name the column of the identifier itself in the query; the models hash it."
                self._draft.refuse("import-hash", node, message, fix)
        return node

    def _peel_concat(self, node: exp.Expr, found: Peeled) -> exp.Expr:
        parts = node.expressions if isinstance(node, exp.Concat) else list(node.flatten())
        literals = [one for one in parts if isinstance(one, exp.Literal)]
        others = [one for one in parts if one not in literals]
        text = "".join(str(one.this) for one in literals)
        if len(others) != 1:
            found.cleaned = True
            for one in others:
                found.columns += one.find_all(exp.Column)
            return node
        code = _PREFIX.match(text)
        if text and (code is None or parts.index(others[0]) != len(parts) - 1):
            message = f"`{self._draft.words(node)}` puts text around an identifier before it is hashed."
            fix = "Name the column of the identifier itself in the query; a digest of more than it matches nobody."
            self._draft.refuse("import-hash", node, message, fix)
        found.cleaned = True
        if code is not None:
            found.prefix = code["code"]
        return self._peel(others[0], found)

    def _peel_within(self, node: exp.Expr, found: Peeled) -> exp.Expr:
        """Peel what an expression chooses from; what it chooses by stays."""
        if isinstance(node, exp.Coalesce):
            chosen = [node.this, *node.expressions]
        elif isinstance(node, exp.Case):
            chosen = [one.args["true"] for one in node.args.get("ifs") or ()]
        else:
            chosen = [node.args["true"] if isinstance(node, exp.If) else node.this]
        if not isinstance(node, exp.Nullif) and not isinstance(node, exp.Coalesce) and node.args.get("default"):
            chosen.append(node.args["default"])
        if isinstance(node, exp.If) and node.args.get("false"):
            chosen.append(node.args["false"])
        for one in chosen:
            if isinstance(one, exp.Literal) and not str(one.this).strip():
                # An empty text stood for nobody; its digest would be the same for all of them.
                peeled: exp.Expr = exp.null()
            else:
                peeled = self._peel(one, found)
            if isinstance(node, exp.Coalesce) and isinstance(peeled, exp.Null) and one.arg_key == "expressions":
                one.pop()
            elif peeled is not one:
                one.replace(peeled)
        return node.this if isinstance(node, exp.Coalesce) and not node.expressions else node

    def _peel_column(self, node: exp.Column, found: Peeled) -> exp.Expr:
        producers = self._sources.behind(node)
        if not producers:
            found.columns.append(node)
            return node
        for producer in producers:
            if id(producer) in self._done:
                found.hashes = max(found.hashes, 1)
            self._done.add(id(producer))
            inner = producer.this if isinstance(producer, exp.Alias) else producer
            name = producer.output_name
            before = found.hashes
            peeled = self._peel(inner, found)
            if found.hashes > before:
                self.unhashed.add((str(node.meta["pusher_query"]), node.name.lower()))
            if peeled is not inner:
                inner.replace(peeled if isinstance(producer, exp.Alias) else exp.alias_(peeled, name))
        return node

    def _peel_literal(self, node: exp.Literal, found: Peeled) -> exp.Expr:
        """Return the column whose name stands in quotes, if one does."""
        reference = _REFERENCE.match(str(node.this))
        select = node.find_ancestor(exp.Select)
        if reference is not None and select is not None:
            owner = reference["owner"].lower()
            for table in select.find_all(exp.Table):
                if table.alias_or_name.lower() == owner and (column := self._column_of(table, reference["name"])):
                    column.set("table", exp.to_identifier(owner))
                    self._draft.told(
                        "quoted",
                        node,
                        node,
                        f"{owner}.{column.name}",
                        "The name of a column stood in quotes: every row would have had the same identifier.",
                    )
                    found.columns.append(column)
                    return column
        found.literal = node
        return node

    def _column_of(self, table: exp.Table, name: str) -> exp.Column | None:
        key = ".".join(part.name.lower() for part in table.parts[-2:])
        known: Table | None = self._sources.tables.get(key)
        if known is None:
            return None
        column = exp.column(name.lower())
        column.meta["pusher_table"] = key
        known.columns.setdefault(name.lower(), column)
        return column
