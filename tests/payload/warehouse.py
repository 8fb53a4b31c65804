"""Rows of a destination view in a real DuckDB, judged and nested by the SQL that a push runs."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from pusher.destinations.tiktok.facts import contract
from pusher.engines.duckdb import DuckDBEngine
from pusher.payload.checks import RowChecks, row_checks
from pusher.payload.model import Payload
from pusher.payload.projection import fault_counts_sql, staged_sql
from pusher.payload.sql import identifier
from pusher.payload.types import SqlType, parse_type

NOW_S = 1_790_000_000
EVENT_SET = "7654321098765432109"
APP = "7123456789"
PIXEL = "C4A1B2C3D4E5F6G7H8I9"
SOURCE_IDS = {"offline_events": EVENT_SET, "web_events": PIXEL, "crm_events": EVENT_SET, "app_events": APP}
TABLE = "shown"
EMAIL = hashlib.sha256(b"ann@shop.example").hexdigest()
PHONE = hashlib.sha256(b"+12133734253").hexdigest()

GOOD = {
    "event": "'Purchase'",
    "event_id": "'order-1'",
    "event_time": f"to_timestamp({NOW_S - 3600})::timestamp",
    "email": f"'{EMAIL}'",
    "value": "10.50::decimal(18, 2)",
    "currency": "'EUR'",
}
GOOD_ROW: dict[str, Any] = {
    "event": "Purchase",
    "event_id": "order-1",
    "event_time": NOW_S - 3600,
    "user": {"email": EMAIL},
    "properties": {"value": 10.5, "currency": "EUR"},
}
ITEM = "{'content_id': 'sku-1', 'price': 5.25::decimal(18, 2), 'quantity': 2}"


@dataclass(frozen=True, slots=True)
class Staged:
    """One staged row.

    Attributes:
        reason: Code of the reason against it, or None.
        row: The JSON row, nulls left out.
        key: Event key as hex, or None.
        payload_hash: Hash as hex, or None.
        contents_hash: Hash of the items as hex, or None.
        dropped: Identifiers that were left out.
        facts: The columns that the receipt needs.
    """

    reason: str | None
    row: dict[str, Any]
    key: str | None
    payload_hash: str | None
    contents_hash: str | None
    dropped: int
    facts: dict[str, Any]


def payload(name: str = "offline_events") -> Payload:
    """Return a payload of the contract."""
    return contract().payloads[name]


def without_nulls(value: Any) -> Any:
    """Leave out nulls at every depth, as the encoder does."""
    if isinstance(value, dict):
        return {name: without_nulls(inner) for name, inner in value.items() if inner is not None}
    if isinstance(value, list):
        return [without_nulls(inner) for inner in value]
    return value


class Warehouse:
    """A view's rows as a table of a database in memory."""

    def __init__(self, engine: DuckDBEngine) -> None:
        self.engine = engine

    def fill(self, rows: Sequence[Mapping[str, str]]) -> dict[str, SqlType]:
        """Create the table from rows of column name to SQL expression; return its columns."""
        selects = ["select " + ", ".join(f"{sql} as {identifier(name)}" for name, sql in row.items()) for row in rows]
        self.engine.execute(f"create or replace table {TABLE} as\n" + "\nunion all by name ".join(selects))
        return {column.name: parse_type(column.type) for column in self.engine.columns(f"select * from {TABLE}")}

    def checks(
        self, columns: Mapping[str, SqlType], name: str, source_id: str | None, *, pixel_window: bool = False
    ) -> RowChecks:
        """Return how the table's rows are judged."""
        return row_checks(payload(name), columns, source_id=source_id, now_s=NOW_S, pixel_window=pixel_window)

    def stage(
        self,
        *rows: Mapping[str, str],
        name: str = "offline_events",
        source_id: str | None = "of the payload",
        pixel_window: bool = False,
    ) -> list[Staged]:
        """Return what becomes of rows, in their order."""
        columns = self.fill(rows)
        source_id = SOURCE_IDS[name] if source_id == "of the payload" else source_id
        checks = self.checks(columns, name, source_id, pixel_window=pixel_window)
        reader = self.engine.reader(f"select * from ({staged_sql(checks, columns, TABLE)}) as staged")
        try:
            records: list[dict[str, Any]] = reader.read_all().to_pylist()
        finally:
            reader.close()
        return [_staged(record, checks) for record in records]

    def stage_one(self, change: Mapping[str, str | None] | None = None, **more: Any) -> Staged:
        """Return what becomes of a good row after a change: column to expression, None takes a column away."""
        row = {name: sql for name, sql in {**GOOD, **(change or {})}.items() if sql is not None}
        return self.stage(row, **more)[0]

    def count(self, *rows: Mapping[str, str], name: str = "offline_events") -> dict[str | None, tuple[int, int, int]]:
        """Return rows, different good events and dropped identifiers by reason."""
        columns = self.fill(rows)
        checks = self.checks(columns, name, SOURCE_IDS[name])
        counted = self.engine.rows(fault_counts_sql(checks, columns, TABLE))
        return {
            None if number is None else checks.reasons[number].code: (count, events, dropped)
            for number, count, events, _, dropped, *_ in counted
        }


def _hex(value: Any) -> str | None:
    if value is None:
        return None
    return value.hex() if isinstance(value, bytes) else str(getattr(value, "hex", value)).replace("-", "")


def _staged(record: dict[str, Any], checks: RowChecks) -> Staged:
    reason = record["_reason"]
    own = ("_event_key", "_payload_hash", "_contents_hash", "_reason", "_dropped_identifiers")
    return Staged(
        reason=None if reason is None else checks.reasons[reason].code,
        row=without_nulls({name: value for name, value in record.items() if not name.startswith("_")}),
        key=_hex(record["_event_key"]),
        payload_hash=_hex(record["_payload_hash"]),
        contents_hash=_hex(record["_contents_hash"]),
        dropped=record["_dropped_identifiers"],
        facts={name: value for name, value in record.items() if name.startswith("_") and name not in own},
    )
