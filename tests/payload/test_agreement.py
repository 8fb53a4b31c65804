"""Random rows: the SQL that judges a view's rows and the validator of a finished request agree, in both directions.

Hypothesis draws the columns of a batch: their types, which of them there are, and their odd values. DuckDB makes the
rows, so that ten thousand of them take seconds. `make agreement` draws more batches.
"""

from __future__ import annotations

import json
import os
from collections import Counter
from collections.abc import Iterator, Mapping
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, given, seed, settings
from hypothesis import strategies as st

from pusher.destinations.tiktok.events import envelope
from pusher.destinations.tiktok.facts import contract
from pusher.engines.duckdb import DuckDBEngine
from pusher.payload.model import Field, Payload
from pusher.payload.projection import staged_sql
from pusher.payload.reasons import Reason
from pusher.payload.sql import identifier, literal
from pusher.payload.types import SqlType, parse_type
from pusher.payload.validate import validate_body
from pusher.push.encode import PartEncoder
from tests.payload.warehouse import EMAIL, ITEM, NOW_S, PHONE, SOURCE_IDS, TABLE, Warehouse, payload

BATCHES = int(os.environ.get("AGREEMENT_BATCHES", "2"))
"""Of each payload; the first that Hypothesis draws has the simplest values."""
ROWS = 250
ODD_IN = 25
# Rows are many and small already: to shrink them takes minutes.
RANDOM = settings(
    max_examples=BATCHES,
    deadline=None,
    database=None,
    phases=[Phase.generate],
    suppress_health_check=list(HealthCheck),
)
RAW = ("ann@shop.example", "+12133734253", "Ann <ann@shop.example>")
NO_SURROGATES = st.characters(exclude_categories=["Cs"])
# Rules of ours for what TikTok takes: it would not count the row, not match it, or count its money wrong.
OWN_RULES = {"too-old", "no-identity", "currency-missing", "row-too-large"}

Column = tuple[str, list[str]]
"""A good value and odd ones, as SQL of one type."""


def sql_text(values: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    """Return SQL literals; DuckDB's parser does not take the character 0 in a text."""
    return values.map(lambda text: f"{literal(text.replace(chr(0), ''))}::varchar")


ODD_WORDS = ["", " ", "\t", "\u00a0", "\u200b\n", "\u3000", "a", "=cmd()", "x" * 4096, "é" * 2049, "\x1f", "\x85"]
WORDS = sql_text(st.one_of(st.text(NO_SURROGATES, max_size=8), st.sampled_from(ODD_WORDS)))
DIGESTS = st.sampled_from([EMAIL, PHONE, EMAIL.upper(), f" {PHONE} ", EMAIL[1:], "0" * 65, "", " ", *RAW])
LISTS = st.lists(sql_text(DIGESTS), max_size=4).map(lambda items: f"[{', '.join(items)}]::varchar[]")
NUMBERS = st.one_of(
    st.floats(), st.sampled_from([0.0, -0.0, -1.0, 0.1, 1e-7, 1e14, 1e15, 1e308, float("nan"), float("inf")])
).map(lambda number: f"'{number}'::double")
DECIMALS = st.decimals(-1, 10**15, places=9).map(lambda number: f"{number}::decimal(38, 9)")
WHOLE = st.integers(-2, 10**18).map(lambda number: f"{number}::bigint")
ITEM_TYPE = "struct(content_id varchar, brand varchar, price double, quantity decimal(38, 9))[]"
GOOD_ITEMS = f"[{{'content_id': 'sku-1', 'brand': 'B', 'price': 5.25, 'quantity': 2}}]::{ITEM_TYPE}"
ITEMS = st.lists(
    st.tuples(*(st.one_of(st.just("null"), odd, odd, odd) for odd in (WORDS, WORDS, NUMBERS, DECIMALS))), max_size=3
).map(
    lambda items: (
        "["
        + ", ".join(
            f"{{'content_id': {one}::varchar, 'brand': {two}::varchar, 'price': {price}::double, "
            f"'quantity': {count}::decimal(38, 9)}}"
            for one, two, price, count in items
        )
        + f"]::{ITEM_TYPE}"
    )
)
TIMES = st.one_of(
    st.integers(NOW_S - 30 * 86_400, NOW_S + 1200).map(lambda second: f"to_timestamp({second})::timestamp"),
    st.sampled_from(["'infinity'::timestamp", "'-infinity'::timestamp", "'1970-01-01'::timestamp"]),
)
SECONDS = st.sampled_from([NOW_S + 601, NOW_S * 1000, 0, -1, NOW_S - 29 * 86_400]).map(
    lambda second: f"{second}::bigint"
)
ADDRESSES = sql_text(
    st.one_of(
        st.ip_addresses().map(str),
        st.sampled_from(["10.0.0.1", "1.2.3", "::", "1::2::3", "host", "999.9.9.9", "2001:DB8::1"]),
    )
)
CURRENCIES = sql_text(st.sampled_from(["EUR", "usd", "US$", "", "ΣΑΣ", "\u0131", "ß"]))
EVENTS = sql_text(st.sampled_from(["Purchase", "CompletePayment", "purchase", "PlaceAnOrder", " ", "Registration"]))
# Good value, SQL type and odd values of each way to give a field of a type.
WAYS: dict[str, list[tuple[str, str, st.SearchStrategy[str]]]] = {
    "text": [("'text'", "varchar", WORDS)],
    "grouping": [("'text'", "varchar", WORDS)],
    "id": [("'id-1'", "varchar", WORDS), ("17", "bigint", WHOLE)],
    "digest": [(f"'{EMAIL}'", "varchar", sql_text(DIGESTS))],
    "digests": [(f"'{EMAIL}'", "varchar", sql_text(DIGESTS)), (f"['{EMAIL}', '{PHONE}']", "varchar[]", LISTS)],
    "time": [
        (f"to_timestamp({NOW_S - 60})::timestamp", "timestamp", TIMES),
        (f"{NOW_S - 60}::bigint", "bigint", SECONDS),
    ],
    "decimal": [("0.5::double", "double", NUMBERS), ("0.5::decimal(38, 9)", "decimal(38, 9)", DECIMALS)],
    "integer": [("2::decimal(38, 9)", "decimal(38, 9)", DECIMALS), ("2::bigint", "bigint", WHOLE)],
    "boolean": [("true", "boolean", st.just("false"))],
    "texts": [
        ("['a', 'b']", "varchar[]", st.lists(WORDS, max_size=3).map(lambda texts: f"[{', '.join(texts)}]::varchar[]")),
        ("'a'", "varchar", WORDS),
        ("['a']", "varchar[]", st.just("list_resize(['a'], 201, 'b')")),
    ],
    "ip": [("'8.8.8.8'", "varchar", ADDRESSES)],
    "items": [(GOOD_ITEMS, ITEM_TYPE, ITEMS)],
}
NEEDED = {"event", "event_id", "event_time", "email", "lead_id", "app_id"}


def ways_of(field: Field, kind: Payload) -> list[tuple[str, str, st.SearchStrategy[str]]]:
    """Return the ways to give a field."""
    if field.enum == "currencies":
        return [("'EUR'", "varchar", CURRENCIES)]
    if field.enum is not None:
        values = kind.enums[field.enum].values
        other = (
            EVENTS if field.column == "event" else sql_text(st.sampled_from([values[-1], values[0].lower(), "?", " "]))
        )
        return [(literal("Purchase" if "Purchase" in values else values[0]), "varchar", other)]
    return WAYS[field.type]


@st.composite
def columns_of(draw: st.DrawFn, name: str) -> dict[str, Column]:
    """Draw the columns of a batch: some fields of a payload, each with a good value and odd ones."""
    kind = payload(name)
    columns: dict[str, Column] = {}
    for field in kind.fields:
        if kind.event_source in field.sources and (field.column in NEEDED or draw(st.integers(0, 3))):
            good, type_, odd = draw(st.sampled_from(ways_of(field, kind)))
            values = draw(st.lists(odd, min_size=3, max_size=6))
            columns[field.column] = (f"{good}::{type_}", [*values, f"null::{type_}"])
    if draw(st.booleans()):
        good = literal(SOURCE_IDS[name])
        columns[kind.source_id.column] = (good, ["'x-1'", "' '", "null::varchar"])
    return columns


def emptied(folder: Path) -> Path:
    """Return an empty folder in a folder."""
    part = folder / "part"
    part.mkdir(exist_ok=True)
    for old in part.iterdir():
        old.unlink()
    return part


class Batch:
    """Rows of a payload as a table of a database.

    Args:
        warehouse: Where they are made.
        name: Payload.
        columns: Values of each column.
        salt: Chooses the odd places.
    """

    def __init__(self, warehouse: Warehouse, name: str, columns: Mapping[str, Column], salt: int) -> None:
        self.name, self._engine = name, warehouse.engine
        chosen = [
            f"case when hash(n, {salt}, '{column}') % {ODD_IN} > 0 then {good} else "
            f"list_extract([{', '.join(odd)}], cast(1 + hash(n, '{column}', {salt}) % {len(odd)} as bigint)) end "
            f"as {identifier(column)}"
            for column, (good, odd) in columns.items()
        ]
        warehouse.engine.execute(
            f"create or replace table {TABLE} as select {', '.join(chosen)} from range({ROWS}) as numbers(n)"
        )
        found = warehouse.engine.columns(f"select * from {TABLE}")
        self.types: dict[str, SqlType] = {column.name: parse_type(column.type) for column in found}
        self._checks = warehouse.checks(self.types, name, SOURCE_IDS[name])
        self.staged = staged_sql(self._checks, self.types, TABLE)

    def problems_of_what_passes(self, folder: Path) -> list[str]:
        """Return what the validator says about the rows that pass, encoded as a push encodes them."""
        sql = f"select * from ({self.staged}) as staged where _reason is null"
        problems: list[str] = []
        for file in self._engine.stage(sql, emptied(folder), rows_per_file=ROWS):
            encoder = PartEncoder(file.path, envelope(payload(self.name), SOURCE_IDS[self.name], None))
            body: Any = json.loads(encoder.encode(((0, encoder.rows),)).content, parse_constant=pytest.fail)
            problems += [problem.text for problem in validate_body(body, contract(), now_s=NOW_S)]
        return problems

    def refused_text(self) -> str:
        """Return all that is kept of the refused rows; business ids are kept, whatever a model puts there."""
        kept = "columns(* exclude (_event_id, _shop_id, _event, _source_id, _brand, _event_channel))"
        return repr(self._engine.rows(f"select {kept} from ({self.staged}) as staged where _reason is not null"))

    def judged(self) -> Iterator[tuple[Reason | None, dict[str, Any]]]:
        """Yield the reason against each row and the row as it stands in the view."""
        numbers = self._engine.rows(f"select _reason from ({self.staged}) as staged")
        shown = ", ".join(map(_shown, self.types.items()))
        rows = self._engine.rows(f"select {shown} from {TABLE}")
        for (number,), row in zip(numbers, rows, strict=True):
            reason = None if number is None else self._checks.reasons[number]
            yield reason, dict(zip(self.types, row, strict=True))


def _shown(column: tuple[str, SqlType]) -> str:
    """Return a column as Python takes it: moments in seconds, those without an end as text."""
    name, type_ = identifier(column[0]), column[1]
    if type_.family != "timestamp":
        return name
    return f"case when isfinite({name}) then cast(epoch_ms({name}) // 1000 as varchar) else cast({name} as varchar) end"


def unchecked(value: Any, type_: str) -> Any:
    """Return a value as JSON has it when nobody checks it."""
    if isinstance(value, dict):
        types = {field.column: field.type for field in payload().item_fields}
        return {name: unchecked(inner, types[name]) for name, inner in value.items() if inner is not None}
    if isinstance(value, list):
        return [unchecked(inner, "text" if type_ == "texts" else type_) for inner in value if inner is not None]
    if type_ == "texts":
        return [value]
    if type_ == "time":
        return int(value) if str(value).lstrip("-").isdecimal() else value
    if isinstance(value, float | Decimal) and abs(float(value)) >= 1e15:
        return float("nan")  # what is too large for a DECIMAL is no number for the checks
    if type_ == "integer" and value == int(value):
        return int(value)
    return str(value) if type_ in {"text", "id"} else value


def unchecked_body(kind: Payload, row: Mapping[str, Any]) -> dict[str, Any]:
    """Return the request of one row, built from the view without any check."""
    data: dict[str, Any] = {}
    for column, value in row.items():
        field = kind.field(column)
        if field is None or not field.path or value is None:
            continue
        *way, last = field.path.split(".")
        holder = data
        for step in way:
            holder = holder.setdefault(step, {})
        holder[last] = unchecked(value, field.type)
    source_id = row.get(kind.source_id.column)
    if source_id is None or not source_id.strip():
        source_id = SOURCE_IDS[kind.name]
    return {"event_source": kind.event_source, "event_source_id": source_id, "data": [data]}


def is_refused_for(reason: Reason, kind: Payload, row: Mapping[str, Any]) -> bool:
    """Whether the validator refuses a row at the field, or at an identifier, that the reason names."""
    problems = [problem.path for problem in validate_body(unchecked_body(kind, row), contract(), now_s=NOW_S)]
    if reason.code == "source-id":
        return "event_source_id" in problems
    names = kind.identity if reason.code == "not-a-digest" else (reason.field.partition(".")[0],)
    fields = [field for field in map(kind.field, names) if field is not None]
    inner = reason.field.partition(".")[2]
    return any(
        f"data.0.{field.path}.".startswith(f"{path}.") or (path.startswith(f"data.0.{field.path}") and inner in path)
        for path in problems
        for field in fields
    )


def is_own_rule(reason: Reason, row: Mapping[str, Any]) -> bool:
    """Whether TikTok would take such a row."""
    if reason.code == "event-time-implausible":
        return 0 <= int(row["event_time"]) <= NOW_S
    return reason.code in OWN_RULES


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the folder that staged parts may be written to."""
    return tmp_path_factory.mktemp("parts")


@pytest.fixture(scope="module")
def on_disk(folder: Path) -> Iterator[Warehouse]:
    """Return a database that may write there."""
    engine = DuckDBEngine.open(":memory:", allowed_directories=[folder], threads=1)
    yield Warehouse(engine)
    engine.close()


@pytest.mark.parametrize("name", list(SOURCE_IDS))
def test_checks_and_validator_agree_on_every_row(on_disk: Warehouse, folder: Path, name: str) -> None:
    """No row that passes breaks a rule, each refused one breaks one at its place, and nothing of it is kept."""
    seen: Counter[str | None] = Counter()

    @seed(20_261_123)
    @RANDOM
    @given(columns=columns_of(name), salt=st.integers(0, 10**6))
    def agree(columns: dict[str, Column], salt: int) -> None:
        batch = Batch(on_disk, name, columns, salt)
        assert batch.problems_of_what_passes(folder) == []
        refused = batch.refused_text()
        assert [text for text in (*RAW, EMAIL, PHONE) if text in refused] == []
        for reason, row in batch.judged():
            seen[None if reason is None else reason.code] += 1
            if reason is not None and not is_own_rule(reason, row):
                assert is_refused_for(reason, payload(name), row), (reason.code, row)

    agree()
    # Neither side is tried in vain.
    assert min(seen[None], seen.total() - seen[None]) > seen.total() // 10
    assert len(seen) > 5


def test_the_random_rows_reach_the_validator(on_disk: Warehouse, folder: Path) -> None:
    """The comparison above would notice a row that breaks a rule: one that is right now is in the future earlier."""
    row = {
        "event": "'Purchase'",
        "event_id": "'1'",
        "event_time": f"{NOW_S}",
        "email": f"'{EMAIL}'",
        "contents": f"[{ITEM}]",
    }
    columns = on_disk.fill([row])
    staged = staged_sql(on_disk.checks(columns, "offline_events", SOURCE_IDS["offline_events"]), columns, TABLE)
    (file,) = on_disk.engine.stage(staged, emptied(folder), rows_per_file=100)
    body = json.loads(
        PartEncoder(file.path, envelope(payload(), SOURCE_IDS["offline_events"], None)).encode(((0, 1),)).content
    )
    problems = [problem.text for problem in validate_body(body, contract(), now_s=NOW_S - 601)]
    assert problems == ["data.0.event_time: Is in the future"]
