"""A row that did not arrive has a reason, a remedy, and the line of SQL to correct."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest

from pusher.push.refused import REFUSED_FIX
from pusher.push.world import PushReport
from tests.push.refused import POISON, shop_at
from tests.push.support import NOW, VIEW, Order, Shop, orders, serving

FILE = f"models/{VIEW}.sql"


def test_a_row_that_breaks_the_contract_names_the_line_to_correct(tmp_path: Path) -> None:
    """The quarantine says which expression of which file makes the column."""
    shop = Shop(tmp_path / "shop")
    shop.sell([*orders(2), Order("order-00002", amount="-5"), Order("order-00003", digest="none")])
    shop.build()

    shop.push()

    sql = "select event_id, reason, field, sql_model, sql_file, sql_line, sql_text from quarantine order by event_id"
    assert [tuple(row.values()) for row in shop.project().ledger.query(sql)] == [
        ("order-00002", "value-negative", "value", VIEW, FILE, 8, "cast(amount as decimal(18, 2)) as value"),
        ("order-00003", "not-a-digest", "email", VIEW, FILE, 7, "digest as email"),
    ]


def test_a_row_that_changed_names_the_line_of_what_differs(tmp_path: Path) -> None:
    """A conflict points at the first column that differs; a repeated row at its event_id."""
    shop = Shop(tmp_path / "shop")
    shop.sell(orders(2))
    shop.build()
    shop.push()
    shop.sell([Order("order-00000", amount="11.00"), *orders(1, start=1), *[Order("order-00002")] * 2])
    shop.build()

    shop.push()

    sql = "select event_id, term, reason, field, sql_line, sql_text from quarantine order by event_id"
    assert [tuple(row.values()) for row in shop.project().ledger.query(sql)] == [
        ("order-00000", "conflicting", "value", "value", 8, "cast(amount as decimal(18, 2)) as value"),
        ("order-00002", "duplicate", "duplicate", "event_id", 5, "order_id as event_id"),
    ]


def test_rows_of_one_view_that_contradict_each_other_name_what_differs(tmp_path: Path) -> None:
    """One event with several rows points at the first material column that differs, else at its event_id."""
    shop = Shop(tmp_path / "shop")
    one, two = "order-00000", "order-00001"
    shop.sell([
        Order(one), Order(one, amount="11.00"), Order(one, at="2026-11-19 11:00:00"),
        Order(two), Order(two, digest="ab" * 32),
    ])  # fmt: skip
    shop.build()

    report = shop.push()

    sql = "select event_id, reason, field, sql_line, sql_text, message from quarantine order by event_id"
    found = [tuple(row.values()) for row in shop.project().ledger.query(sql)]
    time = (one, "several rows: event_time,value", "event_time,value", 6, "cast(ordered_at as timestamp) as event_time")
    told = "The view has the event more than once, with different values."
    assert found == [(*time, told)] * 3 + [(two, "several rows", "event_id", 5, "order_id as event_id", told)] * 2
    fix = "Roll the rows up to one, or give each an event_id of its own."
    assert [(one.reason, one.field, one.rows, one.message, one.fix) for one in report.models[0].refusals] == [
        ("conflict", "event_time,value", 3, told.replace("different values", "another event_time and value"), fix),
        ("conflict", "event_id", 2, told, fix),
    ]  # fmt: skip
    assert report.exit_code == 1


def test_a_row_remembers_when_it_was_first_set_aside(tmp_path: Path) -> None:
    """As long as the same row has the same reason, the quarantine says since when; another reason begins anew."""
    shop = Shop(tmp_path / "shop")

    def first_seen(hours: int, *rows: Order) -> list[tuple[str, str]]:
        shop.sell(rows)
        shop.build()
        shop.push(now=NOW + timedelta(hours=hours))
        sql = "select event_id, first_seen from quarantine order by event_id"
        return [(row["event_id"], row["first_seen"]) for row in shop.project().ledger.query(sql)]

    one, two = Order("order-00001", amount="-5"), Order("order-00002", amount="-5")
    at = [(NOW + timedelta(hours=hours)).isoformat() for hours in range(3)]

    assert first_seen(0, one) == [("order-00001", at[0])]
    assert first_seen(1, one, two) == [("order-00001", at[0]), ("order-00002", at[1])]
    assert first_seen(2, Order("order-00001", digest="none"), two) == [("order-00001", at[2]), ("order-00002", at[1])]


def refused(tmp_path: Path, message: str) -> tuple[Shop, PushReport]:
    """Push a row that TikTok refuses with these words."""
    with serving(tmp_path / "sandbox.sqlite", [{"do": 40002, "message": message, "times": None}]) as server:
        shop = Shop(tmp_path / "shop", server.base_url, requests_per_second=1000)
        shop.sell(orders(1))
        shop.build()
        return shop, shop.push()


def test_a_place_that_tiktok_names_is_translated_to_the_users_sql(tmp_path: Path) -> None:
    """TikTok names a place in its own JSON; the receipt and the quarantine name the column and the line."""
    shop, report = refused(tmp_path, "data.0.properties.value: Not a valid number")

    fix = f"Correct value in {FILE}:8, then run `pusher retry`, `pusher build` and `pusher push`."
    (refusal,) = report.models[0].refusals
    assert (refusal.reason, refusal.field, refusal.fix) == ("tiktok-40002", "value", fix)
    sql = "select event_id, field, fix, sql_model, sql_file, sql_line, sql_text from quarantine"
    assert [tuple(row.values()) for row in shop.project().ledger.query(sql)] == [
        ("order-00000", "value", fix, VIEW, FILE, 8, "cast(amount as decimal(18, 2)) as value")
    ]


@pytest.mark.parametrize("message", ["Invalid row", "data.0.properties.unheard_of: Invalid"])
def test_words_that_name_no_column_are_told_as_they_are(tmp_path: Path, message: str) -> None:
    """Without a place that the contract knows, the row has TikTok's words and no guess."""
    shop, _ = refused(tmp_path, message)

    sql = "select field, message, fix, sql_file from quarantine"
    assert [tuple(row.values()) for row in shop.project().ledger.query(sql)] == [
        (
            None,
            f"TikTok refused the row. {message}",
            REFUSED_FIX,
            None,
        )
    ]


@pytest.mark.parametrize("is_reopened", [False, True])
def test_a_refused_row_needs_nobody_once_it_is_too_old(tmp_path: Path, *, is_reopened: bool) -> None:
    """Until its last moment it is told; from then on nothing could be done about it."""
    with serving(tmp_path / "sandbox.sqlite", [POISON]) as server:
        shop = shop_at(server, tmp_path, [Order("order-00000", amount="13.00", at="2026-11-19 12:00:00")])
        shop.push()
        if is_reopened:
            shop.project().ledger.retry()
        kept_hours = (28 - 1) * 24

        told = [[(what, rows) for what, rows, _ in attention(shop, hours)] for hours in (kept_hours, kept_hours + 1)]

        what = "reopened" if is_reopened else "dead"
        assert told == [[(what, 1), ("expiring", 1)], []]


def test_a_reopened_row_is_told_until_a_push_takes_it_up(tmp_path: Path) -> None:
    """A test event of it changes nothing, and from the plan on it is what became of it, once."""
    poison = {**POISON, "times": 1}
    revoked = {"match": {"contains": ['"value":13'], "nth": 2}, "do": 40105, "times": 1}
    again = {**poison, "match": {"contains": ['"value":13'], "nth": 3}}
    with serving(tmp_path / "sandbox.sqlite", [poison, revoked, again]) as server:
        shop = shop_at(server, tmp_path, [Order("order-00000", amount="13.00")])
        shop.push()
        shop.project().ledger.retry()
        seen = [attention(shop)]
        shop.sell([Order("order-00000", amount="14.00")])
        shop.build()
        shop.push(test_event_code="T1")
        seen.append(attention(shop))
        shop.sell([Order("order-00000", amount="13.50")])
        shop.build()
        for _ in range(2):
            shop.push()
            seen.append(attention(shop))

        assert [[(what, rows) for what, rows, _ in needs] for needs in seen] == [
            [("reopened", 1)], [("reopened", 1)], [("pending", 1)], [("dead", 1)],
        ]  # fmt: skip


def attention(shop: Shop, hours: int = 0) -> list[tuple[str, int, str]]:
    """Return what needs a person some time after the push: what, rows, and the first word of the remedy."""
    summary = shop.project(NOW + timedelta(hours=hours)).ledger.summary()
    assert summary is not None
    return [(row["what"], row["rows"], row["fix"].partition(":")[0].partition(",")[0]) for row in summary.attention]


def test_status_lists_what_needs_a_person(tmp_path: Path) -> None:
    """Pending, parked, refused, reopened and conflicting rows are told with their remedies, and those that expire."""
    poison = {"match": {"contains": ['"value":13']}, "do": 40002, "times": None}
    gone = {"match": {"contains": ['"order-00009"']}, "do": "drop_after_accept", "times": None}
    with serving(tmp_path / "sandbox.sqlite", [poison, gone]) as server:
        shop = Shop(tmp_path / "shop", server.base_url, requests_per_second=1000)
        shop.sell([*orders(3), Order("order-00003", amount="13.00"), Order("order-00004", at="2026-10-24 06:00:00")])
        shop.build()
        shop.push()
        told = attention(shop)
        shop.sell([Order("order-00000", amount="11.00"), Order("order-00009"), Order("order-00010", digest="none")])
        shop.build()
        shop.push()
        later = attention(shop)
        shop.project().ledger.retry()
        shop.push(now=NOW + timedelta(hours=36))

        last = attention(shop, hours=36)

        dead = ("dead", 1, "Correct the rows in their model")
        conflicting = ("conflicting", 1, "TikTok keeps what was sent first")
        assert told == [dead]
        assert later == [("pending", 1, "Run `pusher push` again"), dead, conflicting]
        assert last == [
            ("parked", 1, "Run `pusher resolve`"),
            ("reopened", 1, "Run `pusher build` and `pusher push` once their model gives other values."),
            conflicting,
        ]


def test_status_tells_what_ages_out_before_the_next_run(tmp_path: Path) -> None:
    """A row that can still be corrected or sent, but not any more by the next run, is told with its last moment."""
    shop = Shop(tmp_path / "shop")
    last_moment = NOW + timedelta(hours=23)
    at = (last_moment - timedelta(days=28)).strftime("%Y-%m-%d %H:%M:%S")
    shop.sell([*orders(1), Order("order-00001", at=at, amount="-5")])
    shop.build()
    shop.push()

    summary = shop.project().ledger.summary()
    late = shop.project(NOW + timedelta(hours=24)).ledger.summary()

    assert summary is not None
    assert late is not None
    assert [(row["what"], row["rows"], row["until"]) for row in summary.attention] == [
        ("expiring", 1, int(last_moment.timestamp()))
    ]
    assert summary.expiring_before == NOW + timedelta(hours=24)
    assert late.attention == []


def test_leftover_web_events_that_the_pixel_shares_expire_after_36_hours(tmp_path: Path) -> None:
    """A frozen web event that never left is not sent once its pixel copy can no longer be told as the same event."""
    down = {"do": 40105, "times": None}
    with serving(tmp_path / "sandbox.sqlite", [down]) as server:
        shop = Shop(tmp_path / "shop", server.base_url, requests_per_second=1000, pixel_code="C4A1B2C3D4E5F6G7H8I9")
        (shop.root / "pusher.yml").write_text("push: {shared_with_pixel: true}\n")
        model = shop.root / "models" / f"{VIEW}.sql"
        text = (
            model.read_text()
            .replace("'offline_events'", "'web_events'")
            .replace("event_set as event_set_id", "order_id as search_string")
        )
        model.write_text(
            text.replace("order_id,\n    order_id as", "'https://shop.example/' as page_url,\n    order_id as")
        )
        shop.sell([Order("order-00000", at="2026-11-20 11:00:00"), Order("order-00001", at="2026-11-18 11:00:00")])
        shop.build()
        first = shop.push()
        before = len(server.requests())

        late = shop.push(now=NOW + timedelta(hours=36))

        assert (first.models[0].terms["planned"], first.models[0].terms["expired"]) == (1, 1)
        assert late.models[0].resumed["expired_late"] == 1
        assert len(server.requests()) == before
