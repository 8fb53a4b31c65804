"""The files that a query becomes: staging models, one between, the destination view, and their YAML."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

from sqlglot import exp

from pusher.importer import layout
from pusher.importer.draft import Draft, leaves
from pusher.importer.names import Names, slug
from pusher.importer.shape import Shape
from pusher.importer.tables import Sources, Table, key_of
from pusher.importer.types import AMOUNT, COUNT, MOMENT, TEXT, Key

_SAFE = re.compile(r"^[a-z_][a-z0-9_]*$")
# What DuckDB does not take as the name of a column, or of a CTE.
_RESERVED = re.compile(
    r"^(all|analyse|analyze|and|anti|any|array|as|asc|asof|asymmetric|at|authorization|binary|both|by|case|"
    r"cast|check|collate|collation|column|concurrently|constraint|create|cross|default|deferrable|desc|"
    r"describe|distinct|do|else|end|except|false|fetch|for|foreign|freeze|from|full|glob|group|having|"
    r"ilike|in|initially|inner|intersect|into|is|isnull|join|lambda|lateral|leading|left|like|limit|"
    r"natural|not|notnull|null|offset|on|only|or|order|outer|overlaps|pivot|pivot_longer|pivot_wider|"
    r"placing|positional|primary|qualify|recursive|references|returning|right|select|semi|show|similar|"
    r"some|summarize|symmetric|table|tablesample|then|to|trailing|true|union|unique|unpack|unpivot|using|"
    r"variadic|verbose|when|where|window|with)$"
)
_ITEMS = ("content_id", "content_name", "content_category", "brand", "price", "quantity")
_MONEY = "decimal(18, 2)"


@dataclass(frozen=True, slots=True)
class Composing:
    """Everything that the files are made of.

    Attributes:
        draft: The query, rewritten.
        sources: Its tables.
        shape: The columns of the models.
        names: What the models are called.
        types: Types of the columns of tables.
        zones: Time zones of columns that are not in UTC, by table and column.
        timezone: Zone of all other times without one.
        unique: Columns that joins expect once, by table.
    """

    draft: Draft
    sources: Sources
    shape: Shape
    names: Names
    types: Mapping[Key, str]
    zones: Mapping[Key, str]
    timezone: str
    unique: Mapping[str, set[str]]

    def files(self) -> dict[str, str]:
        """Return the text of each file by its path in the project."""
        found: dict[str, str] = {}
        for table in self.sources.tables.values():
            found[f"models/staging/{self.names.source_of(table)}/{self.names.staging(table)}.sql"] = self._staging(
                table
            )
        between = self.names.between(rolls_up=self.shape.rolls_up)
        found[f"models/intermediate/{between}.sql"] = self._between()
        found[f"models/tiktok/{self.names.view}.sql"] = self._view(between)
        return found

    # -- staging

    def _staging(self, table: Table) -> str:
        names = sorted(table.columns)
        source = f"{{{{ source('{self.names.source_of(table)}', '{table.name}') }}}}"
        given = [quoted(name) for name in names]
        cast = [self._cast(table, name) for name in names]
        return layout.model([
            ("source", layout.columns(given, f"{source}")),
            ("final", layout.columns(cast, "source")),
        ])  # fmt: skip

    def _cast(self, table: Table, name: str) -> str:
        type_, written = self.types[table.key, name], quoted(name)
        if type_ == COUNT:
            return f"{{{{ whole_number('{written}') }}}} as {written}"
        if type_ == MOMENT and (table.key, name) not in self.zones and self.timezone != "UTC":
            return f"{{{{ utc_from_local('{written}', '{self.timezone}') }}}} as {written}"
        if type_ == MOMENT:
            return f"cast({written} as timestamp) as {written}"
        if (table.key, name) in self.shape.pii:
            return f"cast({written} as varchar) as {written}"
        if type_ == AMOUNT and (table.key, name) in self._money:
            return f"cast({written} as {AMOUNT}) as {written}"
        # As it is: another type would sort, and compare, otherwise than the platform did.
        return written

    @property
    def _money(self) -> set[Key]:
        """Columns that amounts are made of."""
        return {
            (found.key, name)
            for leaf in leaves(self.draft.tree)
            for projection in leaf.expressions
            if self.shape.rows[projection.alias].type == "decimal"
            for found, name in self.sources.roots(projection)
        }

    # -- between

    def _between(self) -> str:
        tree = self.draft.tree
        with_ = tree.args.get("with_")
        theirs = {} if with_ is None else {slug(one.alias): one.this for one in with_.expressions}
        imports = self._imports(frozenset(theirs))
        _lower_names(tree)
        ctes = [(name, self._import(key)) for key, name in imports.items()]
        ctes += [(name, layout.query(query)) for name, query in theirs.items()]
        taken = {name for name, _ in ctes}
        self._cast_outputs()
        last = tree.copy()
        last.set("with_", None)
        if not self.shape.rolls_up:
            ctes.append((_free("final", taken), layout.query(last)))
            return layout.model(ctes)
        lines, rolled = _free("lines", taken), _free("rolled_up", taken)
        ctes += [(lines, layout.query(last)), (rolled, self._rolled_up(lines))]
        ctes.append((_free("final", taken), layout.columns(self.between_columns, rolled)))
        return layout.model(ctes)

    def _imports(self, theirs: frozenset[str]) -> dict[str, str]:
        """Give each table the name of the CTE that imports it, and return these."""
        names: dict[str, str] = {}
        for key, table in self.sources.tables.items():
            wanted = slug(table.name)
            is_free = wanted not in theirs and wanted not in names.values() and not _RESERVED.match(wanted)
            names[key] = wanted if is_free else self.names.staging(table)
        inner = {slug(one.alias) for one in self.draft.tree.find_all(exp.CTE)}
        for node in list(self.draft.tree.find_all(exp.Table)):
            key = key_of(node)
            if key not in names or (not node.db and slug(node.name) in inner):
                continue
            alias = node.alias or node.name
            node.set("db", None)
            node.set("catalog", None)
            node.set("this", exp.to_identifier(names[key]))
            node.set(
                "alias", exp.TableAlias(this=exp.to_identifier(alias.lower())) if alias.lower() != names[key] else None
            )
        return names

    def _import(self, key: str) -> str:
        table = self.sources.tables[key]
        columns = [quoted(name) for name in sorted(table.columns)]
        return layout.columns(columns, f"{{{{ ref('{self.names.staging(table)}') }}}}")

    def _cast_outputs(self) -> None:
        """Give the columns of the rows the types that the contract asks for."""
        for leaf in leaves(self.draft.tree):
            for projection in leaf.expressions:
                field, inner = self.shape.rows[projection.alias], projection.this
                if field.type == "decimal" and not self.shape.rolls_up:
                    inner.replace(exp.Cast(this=inner.copy(), to=exp.DataType.build(_MONEY)))
                elif field.type == "integer" and not isinstance(inner, exp.Column):
                    inner.replace(exp.cast(inner.copy(), "integer"))
                elif self._becomes_text(field.type, inner):
                    inner.replace(exp.cast(inner.copy(), "varchar"))

    def _becomes_text(self, type_: str, node: exp.Expr) -> bool:
        if not isinstance(node, exp.Column) or type_ not in {"id", "source_id", "text", "grouping"}:
            return False
        if type_ in {"id", "source_id"}:
            return True
        return any(self.types[table.key, name] != TEXT for table, name in self.sources.roots(node))

    @property
    def between_columns(self) -> list[str]:
        """Columns of the model between staging and the view."""
        rows = [name for name in self.shape.rows if not self.shape.rolls_up or name not in _ITEMS]
        if self.shape.rolls_up and self._has_items:
            rows.append("contents")
            rows += ["num_items"] if "quantity" in self.shape.rows else []
        return sorted(rows, key=self._order)

    @property
    def _has_items(self) -> bool:
        return any(name in self.shape.rows for name in _ITEMS if name != "brand")

    def _order(self, name: str) -> int:
        known = [field.column for field in (*self.shape.payload.fields, self.shape.payload.source_id)]
        return known.index(name) if name in known else len(known)

    def _rolled_up(self, lines: str) -> str:
        keys = [name for name in ("event", "event_id") if name in self.shape.rows]
        columns = [self._rolled(name) for name in self.between_columns if name not in keys]
        return layout.columns([*keys, *columns], lines, f"where event_id is not null\ngroup by {', '.join(keys)}")

    def _rolled(self, name: str) -> str:
        match name:
            case "value" if self.shape.value == "line":
                known = f"case when count(*) = count(value) then cast(sum(value) as {_MONEY}) end"
                return f"{known} as value"
            case "value":
                return f"cast(min(value) as {_MONEY}) as value"
            case "currency":
                return "case when min(currency) = max(currency) then min(currency) end as currency"
            case "num_items":
                return "case when count(*) = count(quantity) then cast(sum(quantity) as integer) end as num_items"
            case "contents":
                return self._contents()
            case _:
                return f"min({name}) as {name}"

    def _contents(self) -> str:
        rows = self.shape.rows
        missing = {"price": f"cast(null as {_MONEY})", "quantity": "cast(null as integer)"}
        given = {
            "price": f"cast(price as {_MONEY})", "quantity": "cast(quantity as integer)",
            **{name: name for name in _ITEMS[:4]},
        }  # fmt: skip
        order = next(name for name in (*_ITEMS[:4], "price", "quantity") if name in rows)
        values = {name: given[name] if name in rows else missing.get(name, "cast(null as varchar)") for name in _ITEMS}
        lines = [f"line_no='{order}'", *(f"{name}='{value}'" for name, value in values.items())]
        return "{{ contents(\n" + layout.indented(",\n".join(lines)) + "\n) | indent(8) }} as contents"

    # -- view

    def _view(self, between: str) -> str:
        columns = layout.columns(self.between_columns, f"{{{{ ref('{between}') }}}}")
        return layout.model(
            [("events" if self.shape.payload.kind == "events" else "members", columns), ("final", self._final())],
            self._config(),
        )

    def _config(self) -> str:
        settings = {"destination": "tiktok", "payload": self.shape.payload.name, **self.shape.settings}
        if (
            self.shape.payload.kind == "audience"
            and "audience_name" not in settings
            and "audience_name" not in self.shape.rows
        ):
            settings["audience_name"] = self.names.query.replace("_", " ")
        lines = "".join(f"            {key!r}: {value!r},\n" for key, value in settings.items())
        meta = f"    meta={{\n        'pusher': {{\n{lines}        }}\n    }}"
        return "{{\n" + layout.indented(f"config(\n    materialized='view',\n{layout.indented(meta, '')}\n)") + "\n}}"

    def _final(self) -> str:
        shape, relation = self.shape, "events" if self.shape.payload.kind == "events" else "members"
        columns = []
        for name in sorted({*self.between_columns, *shape.constants}, key=self._order):
            if name == "event_id" and shape.constants.get(name) == "made":
                event = shape.constants["event"].strip("'")
                columns.append(f"{{{{ event_id('{event}', 'event_id') | indent(8) }}}} as event_id")
            elif name in shape.identities:
                made = shape.identities[name].call(name, audience=shape.payload.kind == "audience")
                columns.append(f"{made} as {name}")
            elif name in shape.constants:
                columns.append(f"{layout.escaped(shape.constants[name])} as {name}")
            else:
                columns.append(name)
        return layout.columns(columns, relation)


def _free(name: str, taken: set[str]) -> str:
    return name if name not in taken else f"imported_{name}"


def quoted(name: str) -> str:
    """Return a column's name as it stands in SQL."""
    return name if _SAFE.match(name) and not _RESERVED.match(name) else '"' + name.replace('"', '""') + '"'


def _lower_names(tree: exp.Expr) -> None:
    for node in tree.find_all(exp.Identifier):
        name = node.name.lower()
        node.set("this", name)
        node.set("quoted", not _SAFE.match(name) or _RESERVED.match(name) is not None)
