"""What a person decides about refused and parked rows."""

from __future__ import annotations

import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import duckdb
import pytest

from pusher.errors import AnotherRunIsActive, StateError
from pusher.project.outcomes import Patience
from pusher.push.decisions import ParkedBatch
from tests.push.refused import POISON, quarantine, shop_at, with_a_refused_row
from tests.push.support import NOW, VIEW, Order, Server, Shop, orders, serving, terms

# retry ------------------------------------------------------------------------------------------------------------


def test_a_corrected_row_is_sent_after_retry_and_counts_once(tmp_path: Path) -> None:
    """A refused row stays refused until retry reopens it; then it is sent as its model gives it now, exactly once."""
    with serving(tmp_path / "sandbox.sqlite", [POISON]) as server:
        shop = with_a_refused_row(server, tmp_path)
        shop.sell(orders(30))
        shop.build()

        before = shop.push()
        report = shop.project().ledger.retry()
        after = shop.push()
        again = shop.push()

        assert (terms(before), before.models[0].held) == ({"already_sent": 30}, {"accepted": 29, "corrected": 1})
        assert [(one.model, one.reason, one.rows, one.too_old) for one in report.refused] == [
            (VIEW, "tiktok-40002", 1, 0)
        ]
        assert (report.reopened, report.unsettled) == (1, 0)
        assert (after.exit_code, terms(after)) == (0, {"planned": 1, "accepted": 1, "already_sent": 29})
        assert (again.exit_code, terms(again)) == (0, {"already_sent": 30})
        assert server.counted() == [row.order_id for row in orders(30)]
        assert quarantine(shop) == []
        assert shop.ledger("select command, exit_code from run where command = 'retry'") == [("retry", 0)]


def test_a_row_that_was_not_corrected_is_not_sent_again(tmp_path: Path) -> None:
    """What TikTok refused in these very words stays refused after retry, and says that it waits for a correction."""
    with serving(tmp_path / "sandbox.sqlite", [POISON]) as server:
        shop = with_a_refused_row(server, tmp_path)
        sent = len(server.requests())

        shop.project().ledger.retry()
        after = shop.push()

        assert terms(after) == {"already_sent": 30}
        assert after.models[0].held == {"accepted": 29, "dead": 1}
        assert len(server.requests()) == sent
        assert quarantine(shop) == [("order-00007", "reopened")]


def test_retry_unchanged_sends_a_row_as_it_was(tmp_path: Path) -> None:
    """When TikTok was at fault, `even_unchanged` sends the same row again, also if it was reopened before."""
    once = {**POISON, "times": 3}
    with serving(tmp_path / "sandbox.sqlite", [once]) as server:
        shop = shop_at(server, tmp_path, [Order("order-00000", amount="13.00")])
        refused = shop.push()
        shop.project().ledger.retry()
        told = shop.project().ledger.retry(even_unchanged=True, dry_run=True)
        for _ in range(2):
            shop.project().ledger.retry(even_unchanged=True)
            last = shop.push()
        shop.project().ledger.retry(even_unchanged=True)

        accepted = shop.push()

        assert [one.rows for one in told.refused] == [1]
        assert terms(refused) == terms(last) == {"planned": 1, "dead": 1}
        assert terms(accepted) == {"planned": 1, "accepted": 1}
        assert server.counted() == ["order-00000"]
        assert quarantine(shop) == []


def test_a_row_that_was_refused_with_other_values_is_counted_once(tmp_path: Path) -> None:
    """Reopened, changed and refused again, it is one row for `even_unchanged` too, and is sent once."""
    with serving(tmp_path / "sandbox.sqlite", [{**POISON, "times": 2}]) as server:
        shop = shop_at(server, tmp_path, [Order("order-00000", amount="13.00")])
        shop.push()
        shop.project().ledger.retry()
        shop.sell([Order("order-00000", amount="13.50")])
        shop.build()
        refused = shop.push()
        shop.project().ledger.retry()

        report = shop.project().ledger.retry(even_unchanged=True)
        accepted = shop.push()

        assert terms(refused) == {"planned": 1, "dead": 1}
        assert ([one.rows for one in report.refused], report.reopened) == ([1], 1)
        assert (terms(accepted), server.counted()) == ({"planned": 1, "accepted": 1}, ["order-00000"])


def test_what_was_accepted_once_corrected_is_never_let_go_of(tmp_path: Path) -> None:
    """It was refused and reopened before: `even_unchanged` finds nothing of it, and no push sends it again."""
    with serving(tmp_path / "sandbox.sqlite", [POISON]) as server:
        shop = with_a_refused_row(server, tmp_path)
        shop.project().ledger.retry()
        shop.sell(orders(30))
        shop.build()
        corrected = shop.push()

        reports = [shop.project().ledger.retry(even_unchanged=True, dry_run=dry_run) for dry_run in (True, False)]
        again = shop.push()

        assert terms(corrected) == {"planned": 1, "already_sent": 29, "accepted": 1}
        assert [(one.refused, one.reopened) for one in reports] == [([], 0), ([], 0)]
        assert (terms(again), server.counted()) == ({"already_sent": 30}, [order.order_id for order in orders(30)])


def test_what_waits_to_be_sent_corrected_is_not_refused(tmp_path: Path) -> None:
    """Reopened and frozen with other values, it is neither counted nor let go of."""
    with serving(tmp_path / "sandbox.sqlite", [POISON, {"match": {"nth": 3}, "do": 40100}]) as server:
        shop = shop_at(server, tmp_path, [Order("order-00000", amount="13.00")])
        shop.push()
        shop.project().ledger.retry()
        shop.sell([Order("order-00000", amount="14.00")])
        shop.build()
        frozen = shop.push(patience=Patience(deadline_s=0.0))

        report = shop.project().ledger.retry(even_unchanged=True)
        sent = shop.push()

        assert terms(frozen) == {"planned": 1, "pending": 1}
        assert (report.refused, report.reopened) == ([], 0)
        assert (sent.models[0].resumed["accepted"], server.counted()) == (1, ["order-00000"])


def test_an_event_that_was_accepted_with_another_date_is_not_refused(tmp_path: Path) -> None:
    """It grew too old to be reopened and was dated anew; by a clock that went back since, it is young enough again."""
    at = (NOW - timedelta(days=28) + timedelta(hours=1)).strftime("%Y-%m-%d %H:%M:%S")
    with serving(tmp_path / "sandbox.sqlite", [POISON]) as server:
        shop = shop_at(server, tmp_path, [Order("order-00000", at=at, amount="13.00")])
        refused = shop.push()
        shop.sell([Order("order-00000", amount="14.00")])
        shop.build()
        later = NOW + timedelta(hours=2)
        sent = shop.push(now=later)

        report = shop.project(NOW + timedelta(minutes=30)).ledger.retry()
        again = shop.push(now=later)

        assert (terms(refused), terms(sent)) == ({"planned": 1, "dead": 1}, {"planned": 1, "accepted": 1})
        assert (report.refused, report.reopened, terms(again)) == ([], 0, {"already_sent": 1})
        assert server.counted() == ["order-00000"]


def test_retry_leaves_rows_outside_the_window_refused(tmp_path: Path) -> None:
    """A refused row whose event is older than 28 days by now cannot be sent, and is told as too old."""
    with serving(tmp_path / "sandbox.sqlite", [POISON]) as server:
        shop = with_a_refused_row(server, tmp_path)

        report = shop.project(NOW + timedelta(days=28)).ledger.retry()

        assert [(one.rows, one.too_old, one.until) for one in report.refused] == [(0, 1, None)]
        assert report.reopened == 0
        assert quarantine(shop) == [("order-00007", "dead")]


@pytest.mark.parametrize(
    ("choice", "reopened"),
    [
        ({"reasons": ["tiktok-40002"]}, 1),
        ({"reasons": ["tiktok-40001"]}, 0),
        ({"select": [VIEW]}, 1),
        ({"select": ["other"]}, 0),
        ({"test_event_code": "T1"}, 0),
        ({"dry_run": True}, 0),
    ],
)
def test_retry_reopens_what_was_chosen(tmp_path: Path, choice: dict[str, Any], reopened: int) -> None:
    """Reason, selection, test code and dry run say which rows are meant."""
    with serving(tmp_path / "sandbox.sqlite", [POISON]) as server:
        shop = with_a_refused_row(server, tmp_path)
        (shop.root / "models" / "other.sql").write_text("select 1 as id")

        report = shop.project().ledger.retry(**choice)

        assert report.reopened == reopened
        assert quarantine(shop) == [("order-00007", "reopened" if reopened else "dead")]
        recorded = shop.ledger("select command from run where command = 'retry'")
        assert recorded == ([] if choice.get("dry_run") else [("retry",)])


def test_refused_rows_of_a_test_are_reopened_with_its_code(tmp_path: Path) -> None:
    """The corrected row is sent with the next push of that test, and real rows are not touched by it."""
    with serving(tmp_path / "sandbox.sqlite", [POISON]) as server:
        shop = shop_at(server, tmp_path, [Order("order-00000", amount="13.00")])
        refused = [shop.push(), shop.push(test_event_code="T1")]

        report = shop.project().ledger.retry(test_event_code="T1")
        shop.sell(orders(1))
        real, test = shop.push(), shop.push(test_event_code="T1")

        assert [terms(one) for one in refused] == [{"planned": 1, "dead": 1}] * 2
        assert report.reopened == 1
        assert (terms(real), real.models[0].held) == ({"already_sent": 1}, {"corrected": 1})
        assert terms(test) == {"planned": 1, "accepted": 1}


def test_retry_removes_what_it_replaced(tmp_path: Path) -> None:
    """No file stays behind that the ledger does not name: it may hold what a person asked to forget."""
    with serving(tmp_path / "sandbox.sqlite", [POISON]) as server:
        shop = with_a_refused_row(server, tmp_path)

        shop.project().ledger.retry()

        state = shop.project().ledger.state
        there = {path.relative_to(state.root).as_posix() for path in state.root.rglob("*.parquet")}
        assert there == {path for (path,) in shop.ledger("select path from file")}


def test_the_newest_refusal_is_the_one_that_counts(tmp_path: Path) -> None:
    """A row that was refused again for another reason is found by that reason alone."""
    first, second = {**POISON, "times": 1}, {**POISON, "do": 40000, "times": 1}
    with serving(tmp_path / "sandbox.sqlite", [first, second]) as server:
        shop = shop_at(server, tmp_path, [Order("order-00000", amount="13.00")])
        shop.push()
        later = NOW + timedelta(hours=1)
        shop.project(later).ledger.retry(even_unchanged=True)
        shop.push(now=later)

        found = [
            [(one.reason, one.rows) for one in shop.project(later).ledger.retry(reasons=[reason]).refused]
            for reason in ("tiktok-40002", "tiktok-40000")
        ]

        assert found == [[], [("tiktok-40000", 1)]]


def test_retry_tells_refused_rows_of_parts_under_way(tmp_path: Path) -> None:
    """A refused row beside rows that wait is counted, and can be reopened once its part is settled."""
    rows = orders(30)
    rows[7].amount = "13.00"
    named = {**POISON, "message": "data.7.properties.value: Invalid value", "times": 1}
    revoked = {"match": {"nth": 4}, "do": 40105, "times": None}
    with serving(tmp_path / "sandbox.sqlite", [named, POISON, revoked]) as server:
        shop = shop_at(server, tmp_path, rows)
        first = shop.push()

        report = shop.project().ledger.retry()
        of_a_test = shop.project().ledger.retry(test_event_code="T1")

        assert terms(first) == {"planned": 30, "accepted": 9, "dead": 1, "pending": 20}
        assert (report.refused, report.reopened, report.unsettled) == ([], 0, 1)
        assert of_a_test.unsettled == 0


def test_a_refused_row_contradicts_nothing_while_its_part_is_under_way(tmp_path: Path) -> None:
    """Corrected or not it waits for `retry`: TikTok took no first copy that its new values could differ from."""
    rows = orders(30)
    rows[7].amount = rows[8].amount = "13.00"
    named = {**POISON, "message": "data.7.properties.value: bad; data.8.properties.value: bad", "times": 1}
    revoked = {"match": {"nth": 5}, "do": 40105, "times": 2}
    with serving(tmp_path / "sandbox.sqlite", [named, POISON, revoked]) as server:
        shop = shop_at(server, tmp_path, rows)
        first = shop.push()
        rows[7].amount = "14.00"
        shop.sell(rows)
        shop.build()
        planned = shop.push(dry_run=True)
        under_way = shop.push()

        assert terms(first) == {"planned": 30, "accepted": 8, "dead": 2, "pending": 20}
        for report in (planned, under_way):
            assert terms(report)["already_sent"] == 30
            assert report.models[0].held == {"in_flight": 28, "corrected": 1, "dead": 1}
        assert under_way.models[0].refusals == []


@pytest.mark.parametrize(
    "error", [duckdb.IOException("IO Error: No space left on device"), OSError(28, "No space left on device")]
)
def test_a_full_disk_reopens_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, error: Exception) -> None:
    """It is told with a remedy; the row stays refused, and the next try works."""

    def full(temporary: Path, final: Path) -> str:
        del temporary, final
        raise error

    with serving(tmp_path / "sandbox.sqlite", [POISON]) as server:
        shop = with_a_refused_row(server, tmp_path)
        with monkeypatch.context() as patched:
            patched.setattr("pusher.ledger.reopen.publish", full)
            with pytest.raises(StateError) as caught:
                shop.project().ledger.retry()
        held = quarantine(shop)

        (problem,) = caught.value.problems
        assert (problem.code, "No space left on device" in problem.message) == ("state-write", True)
        assert held == [("order-00007", "dead")]
        assert shop.ledger("select exit_code from run where command = 'retry'") == [(2,)]
        assert shop.project().ledger.retry().reopened == 1


# resolve ----------------------------------------------------------------------------------------------------------


def with_parked_rows(server: Server, tmp_path: Path) -> Shop:
    """Return a shop of which five rows may or may not have arrived, 36 hours ago."""
    shop = shop_at(server, tmp_path, orders(5))
    assert terms(shop.push()) == {"planned": 5, "pending": 5}
    return shop


def test_rows_in_doubt_for_too_long_are_listed_for_a_person(tmp_path: Path) -> None:
    """Resolve without an action lists what is parked, also what no push has parked yet, and changes no outcome."""
    lost = {"do": "drop_after_accept", "times": None}
    with serving(tmp_path / "sandbox.sqlite", [lost]) as server:
        shop = with_parked_rows(server, tmp_path)

        before = shop.ledger("select state, run from batch")
        early = shop.project().ledger.resolve("list")
        late = shop.project(NOW + timedelta(hours=36)).ledger.resolve("list")

        assert early.batches == []
        (attempts,) = shop.ledger("select attempts from batch")[0]
        assert late.batches == [
            ParkedBatch(
                batch=1,
                model=VIEW,
                space="",
                rows=5,
                attempts=attempts,
                first_risk_at="2026-11-20T12:00:00.000000+00:00",
                why="The outcome is unknown, and too old to send again safely.",
            )
        ]
        assert (late.rows, late.settled_parts) == (5, 0)
        assert shop.ledger("select state, run from batch") == before
        assert shop.ledger("select command from run") == [("push",)]


def test_rows_taken_for_delivered_count_as_sent_and_leave_no_identifier(tmp_path: Path) -> None:
    """Assuming delivery settles the part at once: its keys are held as accepted and the outbox is empty."""
    lost = {"do": "drop_after_accept", "times": None}
    with serving(tmp_path / "sandbox.sqlite", [lost]) as server:
        shop = with_parked_rows(server, tmp_path)
        late = NOW + timedelta(hours=36)

        report = shop.project(late).ledger.resolve("assume_delivered")
        after = shop.push(now=late)

        assert (report.rows, report.settled_parts) == (5, 1)
        assert list(shop.state.outbox.iterdir()) == []
        assert (after.exit_code, terms(after)) == (0, {"already_sent": 5})
        assert after.models[0].held == {"accepted": 5}
        assert shop.ledger("select state, response_class, message from batch") == [
            ("accepted", "ASSUMED", "A person said that it was delivered.")
        ]
        assert server.counted() == [row.order_id for row in orders(5)]


def test_rows_sent_again_by_decision_arrive_with_the_next_push(tmp_path: Path) -> None:
    """Sending again takes parked rows as if they had never been sent, under the same event ids."""
    dropped = {"do": "drop_before", "times": 8}
    with serving(tmp_path / "sandbox.sqlite", [dropped]) as server:
        shop = with_parked_rows(server, tmp_path)
        late = NOW + timedelta(hours=36)
        parked = shop.push(now=late)

        report = shop.project(late).ledger.resolve("resend")
        after = shop.push(now=late)

        assert (parked.exit_code, parked.models[0].resumed["parked"]) == (5, 5)
        assert (report.rows, report.settled_parts) == (5, 0)
        assert (after.exit_code, after.models[0].resumed["accepted"]) == (0, 5)
        assert server.counted() == [row.order_id for row in orders(5)]


def test_rows_that_are_too_old_to_be_sent_again_are_not_promised(tmp_path: Path) -> None:
    """Whoever says that they did not arrive hears which of them cannot be sent; the others of their batch are."""
    dropped = {"do": "drop_before", "times": 8}
    with serving(tmp_path / "sandbox.sqlite", [dropped]) as server:
        old = [replace(order, at="2026-10-24 10:00:00") for order in orders(2)]
        shop = shop_at(server, tmp_path, old + orders(5)[2:])
        shop.push()
        late = NOW + timedelta(hours=36)

        report = shop.project(late).ledger.resolve("resend")
        after = shop.push(now=late)

        assert (report.rows, report.too_old, report.settled_parts) == (5, 2, 0)
        assert (after.exit_code, after.models[0].resumed["accepted"]) == (0, 3)
        assert after.models[0].resumed["expired_late"] == 0
        assert shop.keys() == [("accepted", 3), ("expired", 2)]
        assert server.counted() == [row.order_id for row in orders(5)[2:]]


@pytest.mark.parametrize(
    ("choice", "rows"),
    [({"batches": [1]}, 5), ({"batches": [2]}, 0), ({"select": [VIEW]}, 5), ({"select": ["other"]}, 0)],
)
def test_resolve_decides_about_what_was_chosen(tmp_path: Path, choice: dict[str, Any], rows: int) -> None:
    """A batch number or a selection says which parked rows are meant."""
    lost = {"do": "drop_after_accept", "times": None}
    with serving(tmp_path / "sandbox.sqlite", [lost]) as server:
        shop = with_parked_rows(server, tmp_path)
        (shop.root / "models" / "other.sql").write_text("select 1 as id")

        report = shop.project(NOW + timedelta(hours=36)).ledger.resolve("assume_delivered", **choice)

        assert report.rows == rows
        assert shop.keys() == ([("accepted", 5)] if rows else [])


def test_a_decision_about_some_rows_leaves_the_others_of_their_part_frozen(tmp_path: Path) -> None:
    """Ten of thirty rows are taken for delivered: the part stays, and the next push sends the twenty as frozen."""
    with serving(tmp_path / "sandbox.sqlite", [{"do": "drop_after_accept"}]) as server:
        shop = shop_at(server, tmp_path, orders(30))
        first = shop.push(should_stop=lambda: len(server.requests()) > 0)
        late = NOW + timedelta(hours=36)

        report = shop.project(late).ledger.resolve("assume_delivered")
        after = shop.push(now=late)

        assert terms(first) == {"planned": 30, "pending": 30}
        assert (report.rows, report.settled_parts) == (10, 0)
        assert (after.models[0].resumed["accepted"], terms(after)) == (20, {"already_sent": 30})
        assert shop.keys() == [("accepted", 30)]
        assert server.counted() == [row.order_id for row in orders(30)]


# other runs and other clocks --------------------------------------------------------------------------------------


DECISIONS: list[tuple[str, Callable[..., object]]] = [
    ("retry", lambda ledger, **more: ledger.retry(**more)),
    ("resolve", lambda ledger, **more: ledger.resolve("list", **more)),
    ("clean", lambda ledger, **more: ledger.clean(keep=timedelta(days=400), **more)),
]


@pytest.mark.parametrize("decide", [one for _, one in DECISIONS], ids=[name for name, _ in DECISIONS])
def test_a_decision_waits_for_a_push_when_asked_to(tmp_path: Path, decide: Callable[..., object]) -> None:
    """Without a wish to wait a held lock is told at once; with it the command goes on when the lock is free."""
    shop = Shop(tmp_path / "shop")
    shop.sell(orders(1))
    shop.build()
    shop.push()

    with ThreadPoolExecutor(max_workers=1) as pool:
        with shop.state.locked():
            with pytest.raises(AnotherRunIsActive):
                decide(shop.project().ledger)
            waiting = pool.submit(decide, shop.project().ledger, wait_s=60.0)
            time.sleep(0.5)
            was_waiting = not waiting.done()
        waiting.result(timeout=60)

    assert was_waiting


@pytest.mark.parametrize("decide", [one for _, one in DECISIONS], ids=[name for name, _ in DECISIONS])
def test_a_decision_by_a_clock_far_behind_is_refused(tmp_path: Path, decide: Callable[..., object]) -> None:
    """Ages decide what is reopened, parked and forgotten, so a clock that lost more than a day changes nothing."""
    shop = Shop(tmp_path / "shop")
    shop.sell(orders(1))
    shop.build()
    report = shop.push()

    with pytest.raises(StateError) as caught:
        decide(shop.project(NOW - timedelta(hours=25)).ledger)

    (problem,) = caught.value.problems
    assert (problem.code, problem.message) == (
        "clock-behind",
        f"The clock says 2026-11-19 11:00 UTC, but run {report.run_id} began at 2026-11-20 12:00 UTC.",
    )
    assert shop.ledger("select command from run") == [("push",)]
