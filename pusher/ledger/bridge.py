"""The revenue bridge: what the views hold now, what of it was sent, and what became of the rest, to the cent.

Also what was sold: events, items and buyers by store, channel, brand and product.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from importlib import resources
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pusher.ledger.barred import Barred, excluded_sql
from pusher.ledger.opening import unreadable
from pusher.ledger.state import StateFolder
from pusher.ledger.views import RELATIONS, ledger_database
from pusher.payload.sql import identifier, literal, path_list

if TYPE_CHECKING:
    import duckdb

DIMENSIONS = ("model", "day", "store", "channel", "brand", "currency", "event")
TERMS = {
    "accepted": "accepted by TikTok",
    "due": "due: the next push sends it",
    "pending": "waiting in the outbox",
    "parked": "parked: outcome unknown",
    "dead": "refused by TikTok",
    "invalid": "breaks the contract",
    "no_identity": "no identity",
    "suppressed": "suppressed: the person is kept out",
    "expired": "not sent in time",
    "duplicate": "repeats a row of a view",
    "conflicting": "several rows of one event that differ",
    "changed": "changed after it was sent",
    "gone": "sent; no valid row of the views has it now",
}
"""What became of a row's value, in the order of a report."""
MEMORY_LIMIT = "512MB"
_BARRED = "_barred"
_COLUMNS = """
create temp table view_row (
    model varchar, file bigint, place bigint, event_key uuid, payload_hash blob, contents_hash uuid, event_time bigint,
    value decimal(38, 9), currency varchar, event varchar, source_id varchar, shop_id varchar, event_channel varchar,
    brand varchar, num_items bigint, refused_as varchar, is_barred boolean, is_old boolean, oldest_s bigint,
    buyer varchar, contents struct(
        content_id varchar, content_name varchar, brand varchar, price decimal(38, 9), quantity bigint
    )[]
)
"""
_ITEM = {
    "content_id": "varchar",
    "content_name": "varchar",
    "brand": "varchar",
    "price": "decimal(38, 9)",
    "quantity": "bigint",
}


@dataclass(frozen=True, slots=True)
class StagedView:
    """A view's rows as they are now, judged without their age.

    Attributes:
        model: The view.
        files: Parquet files of staged rows.
        terms: Reason number to the term that it stands for.
        oldest_s: Unix second before which an event cannot be sent any more.
        identities: Places of identifiers in a staged row, such as `user.email`, the best first.
        digests: Places of those that a person can be suppressed by.
    """

    model: str
    files: Sequence[Path]
    terms: Mapping[int, str]
    oldest_s: int
    identities: Sequence[str]
    digests: Sequence[str]


@dataclass(frozen=True, slots=True)
class Bridge:
    """What became of the warehouse's value.

    Attributes:
        by: The dimensions of a line, beside the currency.
        lines: One for each group, currency and term: the dimensions, `currency`, `term`, `rows`, `value`.
        totals: The same over all groups.
        warehouse: Value of the views by currency, which the terms add up to.
        groups: What was accepted, as it was sent, by store, channel and brand: events, items, value, buyers, repeat
            buyers.
        products: What was accepted, by product: events, quantity, value; not of events that the views have otherwise
            now, since the ledger keeps no items.
    """

    by: tuple[str, ...]
    lines: list[dict[str, Any]]
    totals: list[dict[str, Any]]
    warehouse: dict[str, Decimal]
    groups: dict[str, list[dict[str, Any]]] = field(default_factory=dict)
    products: list[dict[str, Any]] = field(default_factory=list)


def bridge(
    state: StateFolder, views: Sequence[StagedView], *, barred: Barred, by: Sequence[str], spill: Path, top: int
) -> Bridge:
    """Compare the rows of views with all that the ledger knows.

    Args:
        state: The state folder.
        views: Rows of the views as they are now.
        barred: Who may not be sent.
        by: Dimensions to group by, of `DIMENSIONS`.
        spill: Folder for what does not fit in memory.
        top: Products to list.

    Raises:
        StateError: There is no ledger yet, or it cannot be read.
        AssertionError: The terms do not add up: a defect of this program.
    """
    import duckdb

    try:
        return _bridge(state, views, barred=barred, by=by, spill=spill, top=top)
    except duckdb.Error as error:
        # A push that runs meanwhile unlinks files, and a disk can be full.
        raise unreadable(error, state.ledger.name) from error


def _bridge(
    state: StateFolder, views: Sequence[StagedView], *, barred: Barred, by: Sequence[str], spill: Path, top: int
) -> Bridge:
    with ledger_database(state, of=(*RELATIONS, "_outbox_rows", "_reopened")) as connection:
        connection.execute(f"set memory_limit = '{MEMORY_LIMIT}'")
        connection.execute(f"set temp_directory = {literal(spill.as_posix())}")
        connection.execute(_COLUMNS)
        barred.create(connection, _BARRED)
        for view in views:
            if view.files:
                connection.execute(f"insert into view_row by name {_rows_sql(view)}")
        connection.execute(resources.files("pusher.ledger").joinpath("bridge.sql").read_text("utf-8"))
        chosen = tuple(name for name in by if name != "currency")
        warehouse = _warehouse(connection)
        return Bridge(
            by=chosen,
            lines=_lines(connection, (*chosen, "currency")),
            totals=_lines(connection, ("currency",)),
            warehouse=warehouse,
            groups={name: _group(connection, name) for name in ("store", "channel", "brand")},
            products=_products(connection, top),
        )


def _rows_sql(view: StagedView) -> str:
    places = _places(view.files[0])
    terms = " ".join(f"when {number} then {literal(term)}" for number, term in view.terms.items())
    refused = f"case _reason {terms} end" if terms else "null"
    buyers = ", ".join(_first(place, is_list=places[place]) for place in view.identities if place in places)
    buyer = f"coalesce({buyers})" if buyers else "null"
    kept_out = excluded_sql(view.files, view.digests, _BARRED)
    is_barred = "false"
    if kept_out is not None:
        is_barred = f"(file_index, file_row_number) in (select (file_index, file_row_number) from ({kept_out}))"
    items = "null"
    if "properties.contents" in places:
        packed = ", ".join(
            f"{name} := cast({f'item.{name}' if f'properties.contents.{name}' in places else 'null'} as {kind})"
            for name, kind in _ITEM.items()
        )
        items = f"list_transform(properties.contents, lambda item: struct_pack({packed}))"
    return (
        f"select {literal(view.model)} as model, file_index as file, file_row_number as place, "
        "_event_key as event_key, _payload_hash as payload_hash, _contents_hash as contents_hash, "
        "_event_time as event_time, _value as value, _currency as currency, _event as event, "
        "_source_id as source_id, _shop_id as shop_id, _event_channel as event_channel, _brand as brand, "
        f"_num_items as num_items, {refused} as refused_as, {is_barred} as is_barred, "
        f"_event_time < {view.oldest_s} as is_old, {view.oldest_s} as oldest_s, {buyer} as buyer, "
        f"{items} as contents "
        f"from read_parquet({path_list(view.files)}, file_row_number = true)"
    )


def _places(path: Path) -> dict[str, bool]:
    """Return every place of the staged JSON, such as `user.email`, and whether a list stands there."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    found = {}

    def walk(before: str, fields: Iterable[pa.Field[Any]]) -> None:
        for one in fields:
            is_list = pa.types.is_list(one.type)
            found[f"{before}{one.name}"] = is_list
            inner = one.type.value_type if is_list else one.type
            if pa.types.is_struct(inner):
                walk(f"{before}{one.name}.", [inner.field(number) for number in range(inner.num_fields)])

    walk("", pq.read_schema(path))
    return found


def _first(place: str, *, is_list: bool) -> str:
    path = ".".join(identifier(word) for word in place.split("."))
    return f"list_min({path})" if is_list else path


def _warehouse(connection: duckdb.DuckDBPyConnection) -> dict[str, Decimal]:
    """Return the views' value by currency, after proving that the terms add up to it."""
    sql = "select coalesce(currency, '') as currency, count(*), coalesce(sum(value), 0) from view_row group by 1"
    of_views = {row[0]: (row[1], row[2]) for row in connection.execute(sql).fetchall()}
    sql = "select coalesce(currency, '') as currency, sum(rows), sum(value) from line group by 1"
    of_lines = {row[0]: (row[1], row[2]) for row in connection.execute(sql).fetchall()}
    for currency in of_views.keys() | of_lines.keys():
        if of_views.get(currency, (0, 0)) != of_lines.get(currency, (0, 0)):
            raise AssertionError(f"{currency or 'no currency'}: the terms do not add up to the warehouse")
    return {currency: value for currency, (_, value) in sorted(of_views.items())}


def _lines(connection: duckdb.DuckDBPyConnection, names: Sequence[str]) -> list[dict[str, Any]]:
    listed = ", ".join(names)
    order = "[" + ", ".join(literal(term) for term in TERMS) + "]"
    sql = (
        f"select {listed}, term, cast(sum(rows) as bigint) as rows, cast(sum(value) as decimal(38, 9)) as value "
        f"from line group by {listed}, term order by {listed}, list_position({order}, term)"
    )
    return _rows(connection, sql)


def _group(connection: duckdb.DuckDBPyConnection, name: str) -> list[dict[str, Any]]:
    column = {"store": "shop_id", "channel": "event_channel", "brand": "brand"}[name]
    return _rows(
        connection,
        f"with sale as (select {column} as {name}, currency, buyer, num_items, value from sold), "
        f"buyers as (select {name}, currency, buyer, count(*) as events from sale where buyer is not null "
        f"group by {name}, currency, buyer), "
        f"counted as (select {name}, currency, count(*) as buyers, count(*) filter (where events > 1) as repeat_buyers "
        f"from buyers group by {name}, currency) "
        f"select sale.{name}, sale.currency, count(*) as events, cast(sum(num_items) as bigint) as items, "
        "cast(coalesce(sum(value), 0) as decimal(38, 9)) as value, coalesce(min(buyers), 0) as buyers, "
        "coalesce(min(repeat_buyers), 0) as repeat_buyers from sale left join counted "
        f"on counted.{name} is not distinct from sale.{name} and counted.currency is not distinct from sale.currency "
        f"group by sale.{name}, sale.currency order by sale.{name}, sale.currency",
    )


def _products(connection: duckdb.DuckDBPyConnection, top: int) -> list[dict[str, Any]]:
    return _rows(
        connection,
        "with item as (select currency, unnest(contents) as item from judged where term = 'accepted') "
        "select item.content_id as product, min(item.content_name) as name, currency, count(*) as events, "
        "cast(sum(item.quantity) as bigint) as quantity, "
        "cast(coalesce(sum(item.price * item.quantity), 0) as decimal(38, 9)) as value from item "
        f"group by item.content_id, currency order by value desc, product, currency limit {int(top)}",
    )


def _rows(connection: duckdb.DuckDBPyConnection, sql: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = connection.sql(sql).to_arrow_table().to_pylist()
    return found
