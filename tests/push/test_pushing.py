"""Pushes of other kinds: without a ledger, and with an eye on orders that two event sources would count."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa
import pytest

from pusher.errors import ConfigError, Incomplete, PlanError, Problem
from pusher.ledger.rows import Asked
from pusher.project.outcomes import Patience, PushChoice
from pusher.push.work import DeliveryLimits
from pusher.push.world import PushOptions
from tests.push.refused import pin
from tests.push.support import NOW, VIEW, Order, Shop, orders, serving, terms

TODAY = "2026-11-20 09:00:00"


def fresh(count: int) -> list[Order]:
    """Return orders of three hours ago."""
    return [replace(order, at=TODAY) for order in orders(count)]


def test_what_a_person_chose_and_what_the_files_say_become_options(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Patience, requests in flight, the pixel's window and what happens to conflicts, each in its place."""
    shop = Shop(tmp_path / "shop", requests_per_second=7, concurrency=3)
    (shop.root / "pusher.yml").write_text("push: {shared_with_pixel: true, on_change: ignore}\n")
    shop.sell(fresh(1))
    shop.build()
    found: list[PushOptions] = []

    def keep(views: object, world: object, options: PushOptions, audiences: object) -> object:
        del views, world, audiences
        found.append(options)
        raise Incomplete(Problem("enough", "That is enough."))

    monkeypatch.setattr("pusher.push.run.push", keep)
    patience = Patience(wait_s=1.0, deadline_s=2.0, grace_s=3.0, max_dead_share=0.4)
    with pytest.raises(Incomplete):
        shop.project().push(choice=PushChoice(dry_run=True, test_event_code=" T1 ", patience=patience))
    with pytest.raises(Incomplete):
        shop.project().push([VIEW], choice=PushChoice(adopt=True, allow_shrink=True))

    chosen, other = found
    limits = DeliveryLimits(concurrency=3, deadline_s=2.0, grace_s=3.0, max_dead_share=0.4, pixel_window=True)
    assert chosen == PushOptions(
        dry_run=True,
        test_event_code="T1",
        requests_per_s=7,
        limits=limits,
        on_change="ignore",
        pixel_window=True,
        resume_all=True,
        wait_s=1.0,
        normaliser_version=chosen.normaliser_version,
        asked=Asked(("--test-event-code", " T1 "), (), chosen.asked.began_at),
    )
    assert (other.adopt, other.resume_all, other.dry_run, other.wait_s) == (True, False, False, 0.0)
    assert (chosen.audience.guard.is_off, other.audience.guard.is_off) == (False, True)


# without a ledger ---------------------------------------------------------------------------------------------------


def test_a_push_without_a_ledger_leaves_nothing_and_counts_once(tmp_path: Path) -> None:
    """A second machine sends the same rows again, and TikTok takes them for the copies that they are."""
    with serving(tmp_path / "sandbox.sqlite") as server:
        shop = Shop(tmp_path / "shop", server.base_url, requests_per_second=1000)
        # A profile may name the ledger of another machine; this push has none.
        pin(shop, "0123456789abcdef")
        shop.sell(fresh(20))
        shop.build()

        first, second = shop.push(stateless=True), shop.push(stateless=True)

        assert terms(first) == terms(second) == {"planned": 20, "accepted": 20}
        assert first.notices == ("This push keeps no ledger: the next one sends these rows again.",)
        assert not shop.state.ledger.exists()
        assert server.counted() == [order.order_id for order in orders(20)]
        assert server.totals()["duplicates"] == 20


def test_a_push_without_a_ledger_does_not_go_past_one(tmp_path: Path) -> None:
    """Days later the ledger would send again what it does not know of."""
    with serving(tmp_path / "sandbox.sqlite") as server:
        shop = Shop(tmp_path / "shop", server.base_url, requests_per_second=1000)
        shop.sell(fresh(3))
        shop.build()
        shop.push()
        shop.sell(fresh(5))
        with pytest.raises(ConfigError) as caught:
            shop.push(stateless=True)

        assert [(one.code, one.fix) for one in caught.value.problems] == [
            ("stateless-ledger", "Push without --stateless, or name a folder without a ledger by --state-dir.")
        ]
        assert server.totals()["counted"] == 3


def test_rows_that_wait_are_sent_when_the_project_has_no_view_any_more(tmp_path: Path) -> None:
    """As `status` says; a project that nothing was pushed with has nothing to push."""
    with serving(tmp_path / "sandbox.sqlite", [{"do": 40105}]) as server:
        shop = Shop(tmp_path / "shop", server.base_url, requests_per_second=1000)
        shop.sell(orders(3))
        shop.build()
        frozen = shop.push()
        (shop.root / "models" / f"{VIEW}.sql").write_text("select 1 as one")
        sent = shop.push()
        with pytest.raises(ConfigError, match="no destination view"):
            shop.push()

        assert (frozen.exit_code, sent.exit_code, sent.models[0].resumed["accepted"]) == (3, 0, 3)
        assert server.counted() == [order.order_id for order in orders(3)]


def test_a_push_without_a_ledger_refuses_a_longer_look_back(tmp_path: Path) -> None:
    """A row older than a day, and an hour for the build, could be sent again after TikTok forgot its first copy."""
    with serving(tmp_path / "sandbox.sqlite") as server:
        shop = Shop(tmp_path / "shop", server.base_url, requests_per_second=1000)
        day_before = (NOW - timedelta(hours=25)).strftime("%Y-%m-%d %H:%M:%S")
        edge = Order("order-00001", at=day_before)
        shop.sell([*fresh(1), edge, Order("order-00002", at="2026-11-01 10:00:00", digest="none")])
        shop.build()
        allowed = shop.push(stateless=True)
        shop.sell([*fresh(1), edge, Order("order-00003", at="2026-11-19 10:59:59")])
        shop.build()

        with pytest.raises(PlanError) as caught:
            shop.push(stateless=True)

        (problem,) = caught.value.problems
        assert terms(allowed) == {"planned": 2, "accepted": 2, "invalid": 1}
        assert (problem.code, problem.message) == (
            "stateless-lookback",
            f"{VIEW} has 1 row older than 24 hours, which a push without a ledger may not send.",
        )
        assert len(server.requests()) == 1


@pytest.mark.parametrize(
    ("choice", "option"),
    [
        ({"adopt": True}, "--adopt"),
        ({"patience": Patience(wait_s=1.0)}, "--wait"),
        ({"adopt": True, "patience": Patience(wait_s=1.0)}, "--adopt"),
    ],
)
def test_a_push_without_a_ledger_takes_no_option_about_one(tmp_path: Path, choice: dict[str, Any], option: str) -> None:
    """An option that does nothing would be taken for one that worked."""
    shop = Shop(tmp_path / "shop")
    shop.sell(fresh(1))
    shop.build()

    with pytest.raises(ConfigError) as caught:
        shop.push(stateless=True, **choice)

    assert next(problem.message for problem in caught.value.problems) == (
        f"{option} is about a ledger, and --stateless keeps none."
    )
    assert len(caught.value.problems) == len(choice)


def test_a_push_without_a_ledger_refuses_ids_that_change(tmp_path: Path) -> None:
    """Only the event id tells a copy from a new event."""
    shop = Shop(tmp_path / "shop")
    model = shop.root / "models" / f"{VIEW}.sql"
    model.write_text(model.read_text().replace("order_id as event_id", "cast(uuid() as varchar) as event_id"))
    shop.sell(fresh(1))
    shop.build()

    with pytest.raises(ConfigError) as caught:
        shop.push(stateless=True)

    (problem,) = caught.value.problems
    assert (problem.code, problem.file, problem.line) == ("stateless-id", f"models/{VIEW}.sql", 5)


# one order, two event sources ---------------------------------------------------------------------------------------


@pytest.fixture
def twice(tmp_path: Path) -> Shop:
    """A shop whose web orders also stand in its offline view."""
    shop = Shop(tmp_path / "shop", pixel_code="C4A1B2C3D4E5F6G7H8I9")
    offline = (shop.root / "models" / f"{VIEW}.sql").read_text()
    web = offline.replace("'offline_events'", "'web_events'").replace(
        "event_set as event_set_id", "'https://shop.example/' as page_url"
    )
    (shop.root / "models" / "tiktok_web_events.sql").write_text(f"{web}where order_id < 'order-00002'\n")
    shop.sell(fresh(3))
    shop.build()
    return shop


def policy(shop: Shop, text: str) -> None:
    """Write pusher.yml."""
    (shop.root / "pusher.yml").write_text(f"push: {{same_order_offline: {text}}}\n")


MESSAGE = (
    f"2 orders stand in tiktok_web_events and in {VIEW}: TikTok removes duplicates within one event source only, so "
    "each counts twice."
)


def test_orders_of_two_event_sources_are_told(twice: Shop) -> None:
    """With `report` a notice says how many, and everything is sent; without the switch nothing is said."""
    silent = twice.push(dry_run=True)
    policy(twice, "report")

    told = twice.push()

    fix = "Leave them out of one view, for example by their channel; both name them in the column order_id."
    assert silent.notices == ()
    assert told.notices == (f"{MESSAGE} {fix}",)
    assert sum(model.terms["accepted"] for model in told.models) == 5


def test_orders_of_two_event_sources_stop_the_push(twice: Shop) -> None:
    """With `refuse` nothing is sent until each order stands in one view."""
    policy(twice, "refuse")
    with pytest.raises(PlanError) as caught:
        twice.push()
    model = twice.root / "models" / f"{VIEW}.sql"
    model.write_text(f"{model.read_text()}where order_id >= 'order-00002'\n")
    twice.build()

    (problem,) = caught.value.problems
    assert (problem.code, problem.message) == ("same-order-offline", MESSAGE)
    assert twice.push().exit_code == 0


@pytest.mark.parametrize("selected", [VIEW, "tiktok_web_events"])
def test_orders_of_a_view_that_another_push_sends_are_found(twice: Shop, selected: str) -> None:
    """Each event source may have a job of its own; a view that was never built has no order yet."""
    policy(twice, "refuse")
    with pytest.raises(PlanError) as caught:
        twice.push(select=[selected])
    other = "tiktok_web_events" if selected == VIEW else VIEW
    with duckdb.connect(str(twice.root / "shop.duckdb")) as warehouse:
        warehouse.execute(f"drop view {other}")

    assert [problem.message for problem in caught.value.problems] == [MESSAGE]
    assert twice.push(select=[selected]).exit_code == 0


def test_a_push_is_not_about_orders_of_views_that_it_leaves_alone(twice: Shop) -> None:
    """The two views have the same orders, and a third one has none of them."""
    policy(twice, "refuse")
    offline = (twice.root / "models" / f"{VIEW}.sql").read_text()
    third = offline.replace("order_id as event_id", "'x' || order_id as event_id").replace("    order_id,\n", "")
    (twice.root / "models" / "third.sql").write_text(third)
    twice.build()

    assert twice.push(select=["third"]).exit_code == 0


def test_orders_are_compared_by_a_column_in_any_case_and_without_nulls(twice: Shop) -> None:
    """A row that names no order is not the same order as another one that names none."""
    policy(twice, "refuse")
    for name in (VIEW, "tiktok_web_events"):
        model = twice.root / "models" / f"{name}.sql"
        text = model.read_text()
        assert text.count("    order_id,\n") == 1
        model.write_text(text.replace("    order_id,\n", "    nullif(order_id, 'order-00000') as \"ORDER_ID\",\n"))
    twice.build()

    with pytest.raises(PlanError, match="1 order stands in tiktok_web_events"):
        twice.push()


def test_a_view_without_order_ids_has_nothing_to_compare(twice: Shop) -> None:
    """The check needs the column that names the order."""
    policy(twice, "refuse")
    model = twice.root / "models" / f"{VIEW}.sql"
    model.write_text(model.read_text().replace("    order_id,\n    event_set as", "    event_set as"))
    twice.build()

    assert twice.push().exit_code == 0


def test_a_view_that_fails_is_told_by_the_check(twice: Shop) -> None:
    """A view that cannot be read is an error of its own."""
    policy(twice, "refuse")
    (twice.root / "orders.csv").unlink()

    with pytest.raises(PlanError, match=r"orders\.csv"):
        twice.push()


# memory -------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("chosen", "used"), [(None, "system"), ("mimalloc", "mimalloc")])
def test_rows_are_sent_from_memory_of_the_system(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, chosen: str | None, used: str
) -> None:
    """Unless the person chose where Arrow takes its memory from."""
    monkeypatch.delenv("ARROW_DEFAULT_MEMORY_POOL", raising=False)
    if chosen is not None:
        monkeypatch.setenv("ARROW_DEFAULT_MEMORY_POOL", chosen)
    shop = Shop(tmp_path / "shop")
    shop.sell(fresh(1))
    shop.build()
    before = pa.default_memory_pool()
    pa.set_memory_pool(pa.mimalloc_memory_pool())
    try:
        shop.project().push(choice=PushChoice(dry_run=True))

        assert pa.default_memory_pool().backend_name == used
    finally:
        pa.set_memory_pool(before)
