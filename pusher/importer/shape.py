"""What a query gives TikTok: each of its columns finds its place in the models."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from sqlglot import exp

from pusher.importer.amounts import Amounts
from pusher.importer.draft import Draft, leaves
from pusher.importer.identifying import Identifying
from pusher.importer.identities import HASHED, Identity
from pusher.importer.tables import Sources
from pusher.importer.times import is_clock, without_form
from pusher.payload.model import Field, Payload

# The id of an event is made by the project's macro.
_MADE = "made"
_ITEMS = ("content_id", "content_name", "content_category", "brand", "price", "quantity")


@dataclass(slots=True)
class Shape:
    """The columns of the models.

    Attributes:
        payload: What the view is pushed as.
        rows: Columns that the query's rows have in the models, by name; literals are not among them.
        constants: Columns that are the same for all rows, as SQL.
        identities: How columns become digests, by name.
        pii: Kinds of identifier of columns of tables, by table and column.
        settings: Settings of the view.
        rolls_up: Rows are items, to become events.
        value: `line`, `order` or None without a value.
    """

    payload: Payload
    rows: dict[str, Field] = field(default_factory=dict)
    constants: dict[str, str] = field(default_factory=dict)
    identities: dict[str, Identity] = field(default_factory=dict)
    pii: dict[tuple[str, str], str] = field(default_factory=dict)
    settings: dict[str, str] = field(default_factory=dict)
    rolls_up: bool = False
    value: str | None = None


def payload_of(draft: Draft, payloads: Mapping[str, Payload], given: str | None) -> Payload:
    """Return what a query is for: as said, or as its columns show."""
    if given is not None:
        return payloads[given]
    outputs = {one.output_name.lower(): one.unalias() for one in leaves(draft.tree)[0].expressions}
    named = outputs.get("event_source")
    if isinstance(named, exp.Literal):
        for payload in payloads.values():
            if payload.event_source == named.name.lower():
                return payload
    if not {"event", "event_id", "timestamp", "event_time", "completepayment"} & set(outputs):
        return payloads["audience"]
    is_web = {"pixel_code", "page_url", "ttclid", "tiktok_click_id", "ttp", "cookie_id"} & set(outputs)
    return payloads["web_events" if is_web and "event_set_id" not in outputs else "offline_events"]


def turn_aliases(draft: Draft, payloads: Mapping[str, Payload]) -> None:
    """Turn texts that stand where the name of their column should, as in `event AS 'CompletePayment'`."""
    known = {name for one in payloads.values() for name in (*one.columns, *(item.column for item in one.item_fields))}
    for leaf in leaves(draft.tree):
        for one in leaf.expressions:
            alias, inner = one.args.get("alias"), one.unalias()
            if (
                not isinstance(alias, exp.Identifier)
                or not alias.args.get("quoted")
                or not isinstance(inner, exp.Column)
            ):
                continue
            name = inner.name.lower()
            if name in known and not inner.table and alias.name.lower() not in known:
                why = "The name stood before its text; as written it is a column of the name of the text."
                draft.told("alias", one, one, f"'{alias.name}' as {name}", why)
                literal = exp.Literal.string(alias.name)
                literal.meta.update(alias.meta)
                one.replace(exp.alias_(literal, name))


class Shaping:
    """Gives each column of a query its place.

    Args:
        draft: The query; its last SELECTs are rewritten.
        sources: Its tables.
        payload: What the view is pushed as.
        country: Country of phone numbers in national form, or None.
        value_of: `line`, `order` or None.
    """

    def __init__(
        self, draft: Draft, sources: Sources, payload: Payload, *, country: str | None, value_of: str | None
    ) -> None:
        self._draft, self._sources, self._value_of = draft, sources, value_of
        self.shape = Shape(payload)
        self._leaves = leaves(draft.tree)
        self._identifying = Identifying(
            draft, sources, self.shape.identities, self.shape.pii, country=country, audience=payload.kind == "audience"
        )
        self._items = {one.column: one for one in payload.item_fields}

    def run(self) -> Shape:
        """Return the columns of the models."""
        names = [one.output_name.lower() for one in self._leaves[0].expressions]
        for leaf in self._leaves:
            for name, one in zip(names, leaf.expressions, strict=False):
                if not isinstance(one, exp.Alias) and name:
                    _swap(one, exp.alias_(one.copy(), name))
        places = self._places(names)
        self._add_event_id(places)
        self._grain(places)
        for name, projections in places.items():
            for projection in projections:
                self._rewrite(name, projection, places)
        for number, leaf in enumerate(self._leaves):
            kept = [exp.alias_(one[number].unalias().copy(), name) for name, one in places.items()]
            leaf.set("expressions", kept)
        return self.shape

    def _places(self, names: list[str]) -> dict[str, tuple[exp.Expr, ...]]:
        """Return the projections of each column that the rows keep, one for each part of a union."""
        places: dict[str, tuple[exp.Expr, ...]] = {}
        for name, projections in zip(
            names, zip(*(leaf.expressions for leaf in self._leaves), strict=False), strict=False
        ):
            target = self._target(name, projections)
            if target is None or not self._keeps(target, projections):
                continue
            if target.column in places:
                message = f"`{target.column}` is there twice."
                self._draft.refuse("import-twice", projections[0], message, "Select it once.")
            places[target.column] = projections
        return places

    # -- columns ----------------------------------------------------------------------------------------------

    def _target(self, name: str, projections: tuple[exp.Expr, ...]) -> Field | None:
        first, payload = projections[0], self.shape.payload
        if not name:
            self._draft.refuse("import-name", first, f"`{self._draft.words(first)}` has no name.", "Write `as ...`.")
            return None
        found = payload.field(name) or self._items.get(name)
        if found is None:
            if name == "event_source":
                self._left_out(first, f"The view is for {payload.name}: the source is part of the request.")
            else:
                self._left_out(first, f"TikTok takes no `{name}` in {payload.name}.")
            return None
        if payload.kind == "events" and found.sources and payload.event_source not in found.sources:
            self._left_out(first, f"TikTok takes no `{found.column}` in {payload.name}.")
            return None
        if found.column != name:
            self._draft.told("name", first, name, found.column, "The contract's own name of the column.")
        return found

    def _left_out(self, node: exp.Expr, why: str) -> None:
        self._draft.told("left-out", node, node, "", why)

    def _keeps(self, target: Field, projections: tuple[exp.Expr, ...]) -> bool:
        """Give constants and settings their place; returns whether the rows hold the column."""
        shape, first = self.shape, projections[0].unalias()
        if target.type == "digest" and target.pii not in HASHED:
            self._left_out(projections[0], f"The project has no macro for `{target.column}`.")
            return False
        if target.type in {"items", "texts"}:
            message = f"`{target.column}` is a list, which is not carried over."
            fix = "Select content_id, price and quantity of each item instead: the models make the list."
            self._draft.refuse("import-list", projections[0], message, fix)
            return False
        literals = [one.unalias() for one in projections]
        bare = [one.this if isinstance(one, (exp.Cast, exp.Paren)) else one for one in literals]
        constant = all(isinstance(one, exp.Literal) and one == bare[0] for one in bare)
        if constant and not target.holds_digests:
            if target == shape.payload.source_id:
                if not bare[0].is_string:
                    self._draft.told("id", first, first, f"'{bare[0].name}'", "Ids are text: a number loses digits.")
                self._draft.told(
                    "setting", first, first, f"meta: {shape.payload.source_id_setting}",
                    "Part of the view's settings, where --set can change it for a run.",
                )  # fmt: skip
                shape.settings[shape.payload.source_id_setting] = bare[0].name
                return False
            if target.column not in {"price", "quantity", "value", "event_id"} and target.type != "time":
                literal = self._renamed(target, bare[0])
                shape.constants[target.column] = literal.sql("duckdb")
                return False
        shape.rows[target.column] = target
        return True

    def _renamed(self, target: Field, literal: exp.Expr) -> exp.Expr:
        enum = self.shape.payload.enums.get(target.enum or "")
        new = enum.translations.get(literal.name) if enum is not None else None
        if enum is None or new is None:
            return literal
        note = next(rename.note for rename in enum.renames if rename.old == literal.name)
        self._draft.told("event", literal, literal, f"'{new}'", note)
        return exp.Literal.string(new)

    def _add_event_id(self, places: dict[str, tuple[exp.Expr, ...]]) -> None:
        """Make an id of the order's number where the platform made one itself."""
        shape, order = self.shape, places.get("order_id")
        if shape.payload.kind != "events" or "event_id" in places or order is None or "event" not in shape.constants:
            return
        why = "The platform made an id of its own; this one is made of the order's number and stays the same."
        self._draft.told("id", order[0], "", "{{ event_id(..., 'order_id') }} as event_id", why)
        places["event_id"] = tuple(exp.alias_(one.unalias().copy(), "event_id") for one in order)
        shape.rows["event_id"] = next(one for one in shape.payload.fields if one.column == "event_id")
        shape.constants["event_id"] = _MADE

    # -- grain ------------------------------------------------------------------------------------------------

    def _grain(self, places: Mapping[str, tuple[exp.Expr, ...]]) -> None:
        shape, value = self.shape, places.get("value")
        if shape.payload.kind != "events":
            return
        grouped = any(leaf.args.get("group") for leaf in self._leaves)
        items = [name for name in _ITEMS if name in places and name != "brand"]
        per_unit = value is not None and any(map(Amounts.is_of_a_unit, value))
        shape.rolls_up = "event_id" in places and (bool(items) or (per_unit and not grouped))
        if shape.rolls_up:
            why = (
                "Rows are items that share an id: they become one row for each event, its items a list in `contents`; "
                "rows without an id are left out."
            )
            key = places["event_id"][0]
            self._draft.told("grain", key, key, "group by event_id", why)
        if value is None:
            return
        if not shape.rolls_up:
            shape.value = "order"
            return
        for number in range(len(self._leaves)):
            price, quantity = (
                [*places.get(name, ()), *[None] * len(self._leaves)][number] for name in ("price", "quantity")
            )
            others = [places[name][number] for name in items if name not in {"price", "quantity"}]
            amounts = Amounts(self._draft, self._sources, price=price, quantity=quantity, others=others)
            found = amounts.grain(value[number], given=self._value_of)
            shape.value = found if shape.value in {None, found} else self._two_grains(value[number])

    def _two_grains(self, node: exp.Expr) -> str:
        message = "`value` is of a line in one part of the union and of an order in the other."
        self._draft.refuse("import-value", node, message, "Import the parts one by one.")
        return "line"

    # -- values -----------------------------------------------------------------------------------------------

    def _rewrite(self, name: str, projection: exp.Expr, places: Mapping[str, tuple[exp.Expr, ...]]) -> None:
        target, inner = self.shape.rows[name], projection.unalias()
        if target.holds_digests:
            self._identifying.identify(target, projection)
        elif target.pii in {"ip", "user_agent"}:
            self._tag(projection, target.pii)
        elif name == "event_id":
            self._event_id(projection, places)
        elif target.type == "time":
            _swap(inner, without_form(self._draft, inner))
            if next(self._sources.roots(projection), None) is None:
                message = (
                    f"`{name}` is no column of a table: every event would have happened when the models are built."
                )
                self._draft.refuse("import-time", projection, message, "Select the time of the event itself.")
        elif target.type == "decimal":
            self._exact(projection)
        elif target.enum is not None:
            for literal in list(inner.find_all(exp.Literal)):
                if not isinstance(literal.parent, exp.Predicate):
                    _swap(literal, self._renamed(target, literal))

    def _exact(self, projection: exp.Expr) -> None:
        """Take the casts off an amount: the models make an exact decimal of it."""
        inner = node = projection.unalias()
        while isinstance(node, (exp.Cast, exp.Paren, exp.ToDouble)) and not isinstance(node.this, exp.Query):
            if isinstance(node, exp.TryCast) and self._draft.dialect != "spark":
                # What cannot be read is NULL, which a plain cast would end on.
                node.args["to"].replace(exp.DataType.build("decimal(18, 4)"))
                break
            node = node.this
        if node is not inner:
            if inner.find(exp.DataType) is not None and not node.find(exp.DataType):
                why = "Money is exact: a DOUBLE cannot hold 0.1. It is rounded to the cent at the end, once."
                self._draft.told("money", projection, inner, "decimal(18, 2)", why)
            inner.replace(node)

    def _tag(self, node: exp.Expr, kind: str) -> None:
        for table, column in self._sources.roots(node):
            self.shape.pii.setdefault((table.key, column), kind)

    def _event_id(self, projection: exp.Expr, places: Mapping[str, tuple[exp.Expr, ...]]) -> None:
        inner = projection.unalias()
        unstable = inner.find(exp.Uuid, exp.Rand) is not None or any(is_clock(one) for one in inner.walk())
        named = any(self._is_personal(name) for _, name in self._sources.roots(inner))
        if not unstable and not named:
            return
        order = places.get("order_id")
        what = "differs in every run" if unstable else "changes when a customer corrects an address or a number"
        if order is None:
            message = f"The event id {what}: TikTok would count the order again."
            fix = "Make it of the order's number, or select that as order_id: the importer makes an id of it."
            self._draft.refuse("import-event-id", projection, message, fix)
            return
        why = f"The id {what}. It is made of the order's number now, so orders that were sent before count as new ones."
        number = order[0].unalias()
        self._draft.told("id", projection, inner, "{{ event_id(..., 'order_id') }}", why)
        self.shape.constants["event_id"] = _MADE
        for one in places["event_id"]:
            _swap(one.unalias(), number.copy())

    def _is_personal(self, name: str) -> bool:
        return any(word in name for word in ("email", "phone", "mobile"))


def _swap(old: exp.Expr, new: exp.Expr) -> None:
    if new is not old:
        old.replace(new)
