"""Random rows: what the SQL lets pass, the validator of the finished body accepts, and refused rows keep nothing."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, given, seed, settings
from hypothesis import strategies as st

from pusher.destinations.tiktok.events import envelope
from pusher.destinations.tiktok.facts import contract
from pusher.engines.duckdb import DuckDBEngine
from pusher.payload.projection import staged_sql
from pusher.payload.sql import literal
from pusher.payload.validate import validate_body
from pusher.push.encode import PartEncoder
from tests.payload.warehouse import EMAIL, NOW_S, PHONE, SOURCE_IDS, TABLE, Warehouse, payload

# Rows are many and small already: to shrink them takes minutes.
RANDOM = settings(
    max_examples=10,
    deadline=None,
    database=None,
    phases=[Phase.generate],
    suppress_health_check=list(HealthCheck),
)
RAW = ("ann@shop.example", "+12133734253", "Ann <ann@shop.example>")
NO_SURROGATES = st.characters(exclude_categories=["Cs"])


def sql_text(values: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    """Return SQL literals; DuckDB's parser does not take the character 0 in a text."""
    return values.map(lambda text: f"{literal(text.replace(chr(0), ''))}::varchar")


def nullable(values: st.SearchStrategy[str], type_: str) -> st.SearchStrategy[str]:
    """Return values and sometimes null."""
    return st.one_of(values, values, values, st.just(f"null::{type_}"))


WORDS = sql_text(
    st.one_of(
        st.text(NO_SURROGATES, max_size=8),
        st.sampled_from(
            ["", " ", "\t", "\u00a0", "\u200b\n", "\u3000", "a", "=cmd()", "x" * 4096, "é" * 2049, "\x1f", "\x85"]
        ),
    )
)
DIGESTS = st.sampled_from([EMAIL, PHONE, EMAIL.upper(), f" {PHONE} ", EMAIL[1:], "0" * 65, "", " ", *RAW])
LISTS = st.lists(sql_text(DIGESTS), max_size=4).map(lambda items: f"[{', '.join(items)}]::varchar[]")
NUMBERS = st.one_of(
    st.floats(),
    st.sampled_from([0.0, -0.0, 0.1, 1e-7, 1e14, 1e15, 1e308, float("nan"), float("inf")]),
).map(lambda number: f"'{number}'::double")
DECIMALS = st.decimals(-1, 10**15, places=9).map(lambda number: f"{number}::decimal(38, 9)")
WHOLE = st.integers(-2, 10**18).map(lambda number: f"{number}::bigint")
ITEMS = st.lists(
    st.tuples(
        nullable(WORDS, "varchar"),
        nullable(WORDS, "varchar"),
        nullable(NUMBERS, "double"),
        nullable(DECIMALS, "double"),
    ),
    max_size=3,
).map(
    lambda items: "["
    + ", ".join(
        f"{{'content_id': {one}, 'brand': {two}, 'price': {price}, 'quantity': {count}::decimal(38, 9)}}"
        for one, two, price, count in items
    )
    + "]::struct(content_id varchar, brand varchar, price double, quantity decimal(38, 9))[]"
)  # fmt: skip
TIMES = st.one_of(
    st.integers(NOW_S - 30 * 86_400, NOW_S + 1200).map(lambda second: f"to_timestamp({second})::timestamp"),
    st.sampled_from(["'infinity'::timestamp", "'-infinity'::timestamp", "'1970-01-01'::timestamp"]),
)
EVENTS = sql_text(st.sampled_from(["Purchase", "CompletePayment", "purchase", "PlaceAnOrder", " "]))
ODD_ADDRESSES = ["10.0.0.1", "1.2.3", "::", "1::2::3", "host", "999.9.9.9"]
ADDRESSES = sql_text(st.one_of(st.ip_addresses().map(str), st.sampled_from(ODD_ADDRESSES)))
ROW: dict[str, st.SearchStrategy[str]] = {
    "event": nullable(EVENTS, "varchar"),
    "event_id": nullable(WORDS, "varchar"),
    "event_time": nullable(TIMES, "timestamp"),
    "email": nullable(LISTS, "varchar[]"),
    "phone": nullable(sql_text(DIGESTS), "varchar"),
    "value": nullable(NUMBERS, "double"),
    "currency": nullable(sql_text(st.sampled_from(["EUR", "usd", "US$", "", "ΣΑΣ", "\u0131", "ß"])), "varchar"),
    "contents": nullable(ITEMS, "struct(content_id varchar, brand varchar, price double, quantity decimal(38, 9))[]"),
    "content_type": nullable(sql_text(st.sampled_from(["product", "product_group", "Product", " "])), "varchar"),
    "content_ids": nullable(st.lists(WORDS, max_size=3).map(lambda ids: f"[{', '.join(ids)}]::varchar[]"), "varchar[]"),
    "num_items": nullable(DECIMALS, "decimal(38, 9)"),
    "order_id": nullable(WHOLE, "bigint"),
    "shop_id": nullable(WORDS, "varchar"),
    "description": nullable(WORDS, "varchar"),
}  # fmt: skip
WEB_ROW = {
    **ROW,
    "ip": nullable(ADDRESSES, "varchar"),
    "user_agent": nullable(WORDS, "varchar"),
    "ttclid": nullable(WORDS, "varchar"),
    "page_url": nullable(WORDS, "varchar"),
    "attribution_share": nullable(NUMBERS, "double"),
    "limited_data_use": nullable(st.sampled_from(["true", "false"]), "boolean"),
}  # fmt: skip


GOOD: dict[str, str] = {
    "event": "'Purchase'",
    "event_id": "'order-1'",
    "event_time": f"to_timestamp({NOW_S - 60})::timestamp",
    "email": f"['{EMAIL}']",
    "value": "10.5::double",
    "currency": "'EUR'",
}


def mostly_good(columns: dict[str, st.SearchStrategy[str]]) -> st.SearchStrategy[list[dict[str, str]]]:
    """Return rows of which many have no or one fault: each column that a row needs is odd in one row of eight."""

    def column(name: str, odd: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
        good = GOOD.get(name)
        return odd if good is None else st.integers(0, 7).flatmap(lambda n: st.just(good) if n else odd)

    row = st.fixed_dictionaries({name: column(name, odd) for name, odd in columns.items()})
    return st.lists(row, min_size=10, max_size=20)


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


def judged(warehouse: Warehouse, folder: Path, rows: list[dict[str, str]], name: str) -> tuple[list[str], str]:
    """Return what the validator says about the body of the rows that pass, and the refused rows as text."""
    columns = warehouse.fill(rows)
    staged = staged_sql(warehouse.checks(columns, name, SOURCE_IDS[name]), columns, TABLE)
    refused = warehouse.engine.rows(
        f"select columns(* exclude (_event_id, _shop_id, _event)) from ({staged}) as staged where _reason is not null"
    )
    target = folder / "part"
    target.mkdir(exist_ok=True)
    for old in target.iterdir():
        old.unlink()
    files = warehouse.engine.stage(
        f"select * from ({staged}) as staged where _reason is null", target, rows_per_file=100
    )
    problems: list[str] = []
    for file in files:
        encoder = PartEncoder(file.path, envelope(payload(name), SOURCE_IDS[name], None))
        body: Any = json.loads(encoder.encode(((0, encoder.rows),)).content, parse_constant=pytest.fail)
        problems += [problem.text for problem in validate_body(body, contract(), now_s=NOW_S)]
    return problems, repr(refused)


@seed(20_261_123)
@RANDOM
@given(rows=mostly_good(ROW))
def test_what_passes_for_offline_is_accepted_by_the_validator(
    on_disk: Warehouse, folder: Path, rows: list[dict[str, str]]
) -> None:
    """Encoded as a push encodes it, no row that passes breaks a rule, and refused rows hold no identifier."""
    problems, refused = judged(on_disk, folder, rows, "offline_events")
    assert problems == []
    assert [text for text in (*RAW, EMAIL, PHONE) if text in refused] == []


@seed(20_261_123)
@RANDOM
@given(rows=mostly_good(WEB_ROW))
def test_what_passes_for_web_is_accepted_by_the_validator(
    on_disk: Warehouse, folder: Path, rows: list[dict[str, str]]
) -> None:
    """The same holds for every field that only web events have."""
    problems, refused = judged(on_disk, folder, rows, "web_events")
    assert problems == []
    assert [text for text in (*RAW, EMAIL, PHONE) if text in refused] == []


def test_the_random_rows_reach_the_validator(on_disk: Warehouse, folder: Path) -> None:
    """The comparison above would notice a row that breaks a rule: one that is right now is in the future earlier."""
    columns = on_disk.fill(
        [
            dict.fromkeys(ROW, "null")
            | {"event": "'Purchase'", "event_id": "'1'", "event_time": f"{NOW_S}", "email": f"'{EMAIL}'"}
        ]
    )
    staged = staged_sql(on_disk.checks(columns, "offline_events", SOURCE_IDS["offline_events"]), columns, TABLE)
    target = folder / "one"
    target.mkdir()
    (file,) = on_disk.engine.stage(staged, target, rows_per_file=100)
    body = json.loads(
        PartEncoder(file.path, envelope(payload(), SOURCE_IDS["offline_events"], None)).encode(((0, 1),)).content
    )
    problems = [problem.text for problem in validate_body(body, contract(), now_s=NOW_S - 601)]
    assert problems == ["data.0.event_time: Is in the future"]
