"""What a push promises: every due row once, nothing twice, and each row accounted for."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from pusher.contracts import StagedFile
from pusher.engines.duckdb import DuckDBEngine
from pusher.errors import AnotherRunIsActive, PlanError, StateError
from tests.canaries import TOKEN
from tests.push.support import EVENT_SET, NOW, VIEW, Order, Shop, orders, serving, terms

OTHER_SET = "1234567890123456789"


def test_every_due_row_is_sent_and_a_second_run_sends_none(shop: Shop) -> None:
    """The first run sends all rows, the second finds all of them already sent and makes no request."""
    shop.sell(orders(2_500))
    shop.build()

    first = shop.push()
    second = shop.push()

    assert terms(first) == {"planned": 2_500, "accepted": 2_500}
    assert first.requests == 4  # a canary of 10 rows, then 1,000 + 1,000 + 490
    assert terms(second) == {"already_sent": 2_500}
    assert (second.requests, second.exit_code) == (0, 0)
    assert second.models[0].held == {"accepted": 2_500}
    assert second.models[0].earlier_run is not None
    assert second.models[0].earlier_run[0] == first.run_id
    assert second.sandbox is not None
    assert {name: count for name, count in second.sandbox.items() if count} == {
        "requests": 4,
        "rows": 2500,
        "counted": 2500,
    }


def test_the_run_before_is_the_newest_that_got_rows_accepted(shop: Shop) -> None:
    """A receipt names neither an older run nor one that sent nothing, nor a test."""
    shop.sell(orders(3))
    shop.build()
    shop.push()
    shop.sell(orders(5))
    newest = shop.push(now=NOW + timedelta(hours=1))
    shop.push(now=NOW + timedelta(hours=2))
    shop.push(now=NOW + timedelta(hours=3), test_event_code="T1")

    report = shop.push(now=NOW + timedelta(hours=4))

    assert report.models[0].earlier_run == (newest.run_id, "2026-11-20T13:00:00.000000+00:00")


def test_settled_parts_leave_keys_and_no_identifier(shop: Shop) -> None:
    """After a push the outbox is empty and no file of the state folder holds a digest of a person."""
    rows = orders(30)
    shop.sell(rows)
    shop.build()

    shop.push()

    assert list(shop.state.outbox.iterdir()) == []
    assert shop.keys() == [("accepted", 30)]
    stored = b"".join(path.read_bytes() for path in shop.state.root.rglob("*") if path.is_file())
    assert [row.order_id for row in rows if row.digest.encode() in stored] == []
    assert TOKEN.encode() not in stored


def test_sent_keys_keep_what_a_person_groups_by(shop: Shop) -> None:
    """Store, channel, brand and number of items of a sent event can be asked for after its rows are gone."""
    model = shop.root / "models" / f"{VIEW}.sql"
    facts = ("'store-1' as shop_id", "'in_store' as event_channel", "'Kestrel' as brand", "2 as num_items")
    model.write_text(
        model.read_text().replace("    order_id,\n", "    order_id,\n    " + ",\n    ".join(facts) + ",\n")
    )
    shop.sell(orders(3))
    shop.build()

    shop.push()

    facts_of_keys = "event, shop_id, event_channel, brand, sum(num_items)::int as items, sum(value)::int as value"
    assert shop.project().ledger.query(f"select {facts_of_keys} from sent_keys group by all") == [
        {
            "event": "Purchase",
            "shop_id": "store-1",
            "event_channel": "in_store",
            "brand": "Kestrel",
            "items": 6,
            "value": 30,
        }
    ]


def test_new_rows_are_sent_beside_old_ones(shop: Shop) -> None:
    """A look-back that overlaps an earlier push sends only what is new."""
    shop.sell(orders(40))
    shop.build()
    shop.push()
    shop.sell(orders(60, start=20))

    report = shop.push()

    assert terms(report) == {"planned": 40, "accepted": 40, "already_sent": 20}


def test_changed_value_is_a_conflict_and_is_not_sent(shop: Shop) -> None:
    """The same event with another value is listed once as a finding and never sent."""
    shop.sell(orders(3))
    shop.build()
    shop.push()
    shop.sell([replace(order, amount="99.00") for order in orders(1)] + orders(2, start=1))

    first = shop.push()
    second = shop.push()

    assert terms(first) == {"already_sent": 2, "conflicting": 1}
    assert [(one.reason, one.field, one.rows) for one in first.models[0].refusals] == [("conflict", "value", 1)]
    assert (first.exit_code, first.requests) == (1, 0)
    assert terms(second) == {"already_sent": 2, "conflicting": 1}
    assert second.exit_code == 0


def test_conflicts_name_the_columns_that_differ(shop: Shop) -> None:
    """Rows that differ in other columns are lines that look different, in one view and from run to run."""
    one, two, three, four = orders(4)
    shop.sell([one, two])
    shop.build()
    shop.push()
    earlier = "2026-11-19 09:00:00"
    shop.sell(
        [
            replace(one, amount="99.00"),
            replace(two, amount="99.00", at=earlier),
            three,
            replace(three, at=earlier),
            four,
            replace(four, amount="99.00", at=earlier),
        ]
    )
    report = shop.push()

    assert [(one.rows, one.message) for one in report.models[0].refusals] == [
        (2, "The view has the event more than once, with another event_time."),
        (2, "The view has the event more than once, with another event_time and value."),
        (1, "An earlier push has the event with another event_time and value."),
        (1, "An earlier push has the event with another value."),
    ]


def test_changed_detail_is_enriched_and_is_not_sent(shop: Shop) -> None:
    """Another e-mail under the same event is counted and not sent."""
    shop.sell(orders(2))
    shop.build()
    shop.push()
    shop.sell([replace(orders(1)[0], digest="a" * 64), orders(2)[1]])

    report = shop.push()

    assert terms(report) == {"already_sent": 1, "enriched": 1}
    assert (report.exit_code, report.requests) == (0, 0)


def test_repeated_rows_of_a_view_are_sent_once_or_not_at_all(shop: Shop) -> None:
    """Equal copies of an event are sent once; copies that differ are all held back."""
    twin, other = orders(2)
    shop.sell([twin, twin, twin, other, replace(other, amount="11.00"), Order("order-x")])
    shop.build()

    report = shop.push()

    assert terms(report) == {"planned": 2, "accepted": 2, "duplicate": 2, "conflicting": 2}
    assert report.exit_code == 1


def test_repeated_rows_of_a_view_stay_repeated_once_they_were_sent(shop: Shop) -> None:
    """The money that was sent before is that of the one copy that TikTok has."""
    twin, other = orders(2)
    shop.sell([twin, twin, twin, other])
    shop.build()
    shop.push()

    report = shop.push()

    assert terms(report) == {"already_sent": 2, "duplicate": 2}
    model = report.as_json()["models"][0]
    assert (report.exit_code, model["held"]) == (0, {"accepted": 2})
    by_term = {"already_sent": "20.00", "duplicate": "20.00"}
    assert model["revenue"] == {"USD": {"warehouse": "40.00", "sent": "0.00", "by_term": by_term}}


def test_bad_rows_go_to_quarantine_and_the_rest_is_sent(shop: Shop) -> None:
    """Rows without identity, out of the window or with a bad value are named, and do not stop the others."""
    good = orders(5)
    shop.sell(
        [
            *good,
            Order("no-identity", digest=" "),
            Order("negative", amount="-1.00"),
            Order("too-old", at="2026-10-01 00:00:00"),
            Order("future", at="2026-11-20 12:30:00"),
            Order("not-hashed", digest="someone@example.com"),
        ]
    )
    shop.build()

    report = shop.push()

    assert terms(report) == {"planned": 5, "accepted": 5, "invalid": 3, "no_identity": 1, "expired": 1}
    assert sorted((one.reason, one.rows) for one in report.models[0].refusals) == [
        ("event-time-in-future", 1),
        ("no-identity", 1),
        ("not-a-digest", 1),
        ("too-old", 1),
        ("value-negative", 1),
    ]
    assert report.exit_code == 1
    quarantined = shop.project().ledger.query("select event_id, term, reason from quarantine order by event_id")
    assert quarantined == [
        {"event_id": "future", "term": "invalid", "reason": "event-time-in-future"},
        {"event_id": "negative", "term": "invalid", "reason": "value-negative"},
        {"event_id": "no-identity", "term": "no_identity", "reason": "no-identity"},
        {"event_id": "not-hashed", "term": "invalid", "reason": "not-a-digest"},
        {"event_id": "too-old", "term": "expired", "reason": "too-old"},
    ]


def test_money_adds_up_over_all_terms(shop: Shop) -> None:
    """Warehouse revenue equals the sum over the terms, and what was sent is exact."""
    shop.sell([Order("a", amount="0.10"), Order("b", amount="0.20"), Order("c", amount="5.55", digest=" ")])
    shop.build()

    revenue = shop.push().as_json()["models"][0]["revenue"]

    assert revenue == {
        "USD": {"warehouse": "5.85", "sent": "0.30", "by_term": {"no_identity": "5.55", "planned": "0.30"}}
    }


def test_each_event_source_travels_in_requests_of_its_own(shop: Shop) -> None:
    """Rows of two event sets in one view never share a request."""
    rows = [replace(order, event_set=EVENT_SET if number % 2 else OTHER_SET) for number, order in enumerate(orders(50))]
    shop.sell(rows)
    shop.build()

    report = shop.push()

    assert terms(report) == {"planned": 50, "accepted": 50}
    assert shop.ledger("select source_id, sum(rows) from part group by 1 order by 1") == [
        (OTHER_SET, 25),
        (EVENT_SET, 25),
    ]


def test_dry_run_changes_nothing(shop: Shop) -> None:
    """A dry run shows what is due, makes no request and leaves no state behind."""
    shop.sell(orders(7))
    shop.build()

    report = shop.push(dry_run=True)

    assert terms(report) == {"planned": 7, "pending": 7}
    assert (report.requests, report.exit_code) == (0, 0)
    assert not shop.state.root.exists()


def test_test_events_have_a_key_space_of_their_own(shop: Shop) -> None:
    """Rows pushed with a test code are sent again as real events."""
    shop.sell(orders(4))
    shop.build()

    test = shop.push(test_event_code="TEST123")
    real = shop.push()

    assert terms(test) == {"planned": 4, "accepted": 4}
    assert terms(real) == {"planned": 4, "accepted": 4}
    assert real.sandbox is not None
    assert (real.sandbox["counted"], real.sandbox["test"]) == (4, 4)


def test_missing_column_stops_before_anything_is_sent(shop: Shop) -> None:
    """A view that lost a required column is refused with the column's name, and nothing is sent."""
    shop.sell(orders(2))
    shop.build()
    model = shop.root / "models" / f"{VIEW}.sql"
    project = shop.project()
    engine = project._warehouse()
    engine.execute(f"create or replace view {VIEW} as select 'Purchase' as event, now()::timestamp as event_time")
    engine.close()

    with pytest.raises(PlanError) as caught:
        shop.push()

    assert model.exists()
    assert [problem.code for problem in caught.value.problems] == ["missing-column", "no-identity"]
    assert "`event_id` is missing" in caught.value.problems[0].message


FAULTS: dict[str, tuple[dict[str, Any], int]] = {
    "throttled": ({"do": 40100}, 0),
    "server error": ({"do": 50000, "times": 2}, 0),
    "gateway page": ({"do": "html_502"}, 0),
    "sign-in page": ({"do": "html_200"}, 0),
    "empty": ({"do": "empty"}, 0),
    "code as text": ({"do": "code_text"}, 0),
    "code true": ({"do": "code_true"}, 0),
    "dropped before": ({"do": "drop_before"}, 0),
    "dropped after": ({"do": "drop_after_accept"}, 20),
    "error after accept": ({"do": 50000, "after": "accept"}, 20),
    "truncated": ({"do": "truncate", "after": "accept"}, 20),
    "429 with a wish": ({"do": 429, "headers": {"Retry-After": "1"}}, 0),
}


@pytest.mark.parametrize("name", FAULTS)
def test_a_fault_costs_requests_and_no_row(tmp_path: Path, name: str) -> None:
    """Whatever goes wrong on the way, every row is counted once, and a repeat has the same bytes."""
    fault, repeated = FAULTS[name]
    rows = orders(30)
    with serving(tmp_path / "sandbox.sqlite", [{"match": {"nth": 2}, **fault}]) as server:
        shop = Shop(tmp_path / "shop", server.base_url, requests_per_second=1000)
        shop.sell(rows)
        shop.build()

        report = shop.push()

        assert terms(report) == {"planned": 30, "accepted": 30}
        assert server.counted() == [row.order_id for row in rows]
        assert server.totals()["duplicates"] == repeated
        bodies = [request["body_sha256"] for request in server.requests()]
        assert len(set(bodies)) == 2
        assert report.exit_code == 0


def test_no_network_keeps_every_row_for_the_next_run(tmp_path: Path) -> None:
    """With nobody listening the push gives up after a few attempts, exit 4, and the next one sends everything."""
    with serving(tmp_path / "sandbox.sqlite") as server:
        base_url = server.base_url
    shop = Shop(tmp_path / "shop", base_url, requests_per_second=1000)
    shop.sell(orders(20))
    shop.build()

    report = shop.push()

    assert terms(report) == {"planned": 20, "pending": 20}
    assert (report.exit_code, report.problems[0].code) == (4, "no-answer")
    assert shop.ledger("select distinct state, first_risk_at from batch") == [("retry", None)]


def test_unknown_outcome_is_parked_once_it_is_too_old_to_send_again(tmp_path: Path) -> None:
    """A batch whose answer was lost is re-sent within 36 hours of its first attempt, and parked after that."""
    lost = {"do": "drop_after_accept", "times": None}
    with serving(tmp_path / "sandbox.sqlite", [lost]) as server:
        shop = Shop(tmp_path / "shop", server.base_url, requests_per_second=1000)
        shop.sell(orders(5))
        shop.build()

        first = shop.push()
        sent = len(server.requests())
        late = shop.push(now=NOW + timedelta(hours=36))

        assert terms(first) == {"planned": 5, "pending": 5}
        assert (first.exit_code, late.exit_code) == (4, 5)
        assert late.models[0].resumed["parked"] == 5
        assert len(server.requests()) == sent
        assert shop.ledger("select distinct state from batch") == [("parked",)]


def test_frozen_bytes_win_when_the_model_changes_before_recovery(tmp_path: Path) -> None:
    """Rows frozen before a stop are sent as they were; the changed rows are listed as conflicts."""
    with serving(tmp_path / "sandbox.sqlite", [{"do": 40105}]) as server:
        shop = Shop(tmp_path / "shop", server.base_url, requests_per_second=1000)
        shop.sell(orders(10))
        shop.build()
        shop.push()
        shop.sell([replace(order, amount="77.00") for order in orders(10)])

        report = shop.push()

        assert terms(report) == {"conflicting": 10}
        assert report.models[0].resumed["accepted"] == 10
        assert report.models[0].sent["USD"] == 100
        assert len(server.counted()) == 10


def test_second_push_is_refused_while_one_runs(shop: Shop) -> None:
    """The lock of a target is held by one run; another one is refused at once."""
    shop.sell(orders(1))
    shop.build()
    shop.state.create()

    with shop.state.locked(), pytest.raises(AnotherRunIsActive) as caught:
        shop.push()

    assert caught.value.exit_code == 6


def test_ledger_serves_one_base_url(tmp_path: Path) -> None:
    """A ledger that recorded pushes to one address refuses another."""
    shop = Shop(tmp_path / "shop")
    shop.sell(orders(1))
    shop.build()
    shop.push()
    shop.profile("http://127.0.0.1:9/open_api/v1.3")

    with pytest.raises(StateError) as caught:
        shop.push()

    assert caught.value.problems[0].message == (
        "This ledger records pushes to sandbox, not to http://127.0.0.1:9/open_api/v1.3."
    )


def test_one_event_in_two_views_is_sent_once(shop: Shop) -> None:
    """Two views of one run that hold the same events send them once, from the first view."""
    shop.sell(orders(8))
    twin = (shop.root / "models" / f"{VIEW}.sql").read_text()
    (shop.root / "models" / "tiktok_offline_twin.sql").write_text(twin)
    shop.build()

    report = shop.push()

    assert [model.terms["accepted"] for model in report.models] == [8, 0]
    assert report.models[1].held == {"in_flight": 8}
    assert report.sandbox is not None
    assert report.sandbox["counted"] == 8


def test_test_run_leaves_pending_real_rows_alone(tmp_path: Path) -> None:
    """Rows frozen for a real push are not sent by a run with a test code."""
    with serving(tmp_path / "sandbox.sqlite", [{"do": 40105}]) as server:
        shop = Shop(tmp_path / "shop", server.base_url, requests_per_second=1000)
        shop.sell(orders(6))
        shop.build()
        shop.push()

        shop.push(test_event_code="TEST9")
        real = shop.push()

        assert server.totals()["counted"] == 6
        assert real.models[0].resumed["accepted"] == 6


@pytest.mark.parametrize(("setting", "expected"), [(None, "305.1 MiB"), ("1GiB", "1.0 GiB")])
def test_a_view_is_read_with_bounded_memory(
    shop: Shop, monkeypatch: pytest.MonkeyPatch, setting: str | None, expected: str
) -> None:
    """A push takes 320 MB to read a view, unless the profile gives it more."""
    shop.sell(orders(3))
    shop.build()
    if setting is not None:
        path = shop.root / "profiles.yml"
        path.write_text(path.read_text().replace('"threads": 2', f'"threads": 2, "memory_limit": "{setting}"'))
    limits: list[Any] = []
    stage = DuckDBEngine.stage

    def noted(self: DuckDBEngine, sql: str, folder: Path, **how: Any) -> list[StagedFile]:
        limits.extend(self.rows("select current_setting('memory_limit')"))
        return stage(self, sql, folder, **how)

    monkeypatch.setattr(DuckDBEngine, "stage", noted)

    assert (shop.push().exit_code, limits) == (0, [(expected,)])
