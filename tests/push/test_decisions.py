"""What a person decides about refused and parked rows, and about a ledger that is not the one expected."""

from __future__ import annotations

import os
import shutil
import sqlite3
import threading
from collections.abc import Sequence
from datetime import timedelta
from importlib import resources
from pathlib import Path
from typing import Any

import duckdb
import pytest

from pusher.errors import AnotherRunIsActive, StateError
from pusher.outcomes import Patience
from pusher.progress import PlanFinished
from pusher.push.decisions import ParkedBatch
from pusher.push.world import PushReport
from tests.push.support import NOW, VIEW, Order, Server, Shop, orders, serving, wait_until

POISON = {"match": {"contains": ['"value":13']}, "do": 40002, "message": "Invalid value", "times": None}


def terms(report: PushReport) -> dict[str, int]:
    """Return the terms of the first view that are not zero."""
    return {name: count for name, count in report.models[0].terms.items() if count}


def quarantine(shop: Shop) -> list[tuple[str, str]]:
    """Return event id and term of every quarantined row."""
    rows = shop.project().status_sql("select event_id, term from quarantine order by event_id")
    return [(row["event_id"], row["term"]) for row in rows]


def shop_at(server: Server, tmp_path: Path, rows: Sequence[Order]) -> Shop:
    """Return a built shop that pushes to a server."""
    shop = Shop(tmp_path / "shop", server.base_url, requests_per_second=1000)
    shop.sell(rows)
    shop.build()
    return shop


def with_a_refused_row(server: Server, tmp_path: Path) -> Shop:
    """Return a shop of which TikTok took 29 rows and refused one."""
    rows = orders(30)
    rows[7].amount = "13.00"
    shop = shop_at(server, tmp_path, rows)
    assert terms(shop.push()) == {"planned": 30, "accepted": 29, "dead": 1}
    return shop


def pin(shop: Shop, ledger_id: str) -> None:
    """Let the profile name a ledger."""
    text = (shop.root / "profiles.yml").read_text()
    named = f'{{"dev": {{"ledger_id": "{ledger_id}", "tiktok"'
    (shop.root / "profiles.yml").write_text(text.replace('{"dev": {"tiktok"', named))


# retry ------------------------------------------------------------------------------------------------------------


def test_a_corrected_row_is_sent_after_retry_and_counts_once(tmp_path: Path) -> None:
    """A refused row stays refused until retry reopens it; then it is sent as its model gives it now, exactly once."""
    with serving(tmp_path / "sandbox.sqlite", [POISON]) as server:
        shop = with_a_refused_row(server, tmp_path)
        shop.sell(orders(30))
        shop.build()

        before = shop.push()
        report = shop.project().retry()
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

        shop.project().retry()
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
        shop.project().retry()
        told = shop.project().retry(even_unchanged=True, dry_run=True)
        for _ in range(2):
            shop.project().retry(even_unchanged=True)
            last = shop.push()
        shop.project().retry(even_unchanged=True)

        accepted = shop.push()

        assert [one.rows for one in told.refused] == [1]
        assert terms(refused) == terms(last) == {"planned": 1, "dead": 1}
        assert terms(accepted) == {"planned": 1, "accepted": 1}
        assert server.counted() == ["order-00000"]
        assert quarantine(shop) == []


def test_retry_leaves_rows_outside_the_window_refused(tmp_path: Path) -> None:
    """A refused row whose event is older than 28 days by now cannot be sent, and is told as too old."""
    with serving(tmp_path / "sandbox.sqlite", [POISON]) as server:
        shop = with_a_refused_row(server, tmp_path)

        report = shop.project(NOW + timedelta(days=28)).retry()

        assert [(one.rows, one.too_old, one.until) for one in report.refused] == [(0, 1, None)]
        assert report.reopened == 0
        assert quarantine(shop) == [("order-00007", "dead")]


@pytest.mark.parametrize(
    ("choice", "reopened"),
    [
        ({"reasons": ["tiktok-40002"]}, 1),
        ({"reasons": ["tiktok-40001"]}, 0),
        ({"select": [VIEW]}, 1),
        ({"test_event_code": "T1"}, 0),
        ({"dry_run": True}, 0),
    ],
)
def test_retry_reopens_what_was_chosen(tmp_path: Path, choice: dict[str, Any], reopened: int) -> None:
    """Reason, selection, test code and dry run say which rows are meant."""
    with serving(tmp_path / "sandbox.sqlite", [POISON]) as server:
        shop = with_a_refused_row(server, tmp_path)

        report = shop.project().retry(**choice)

        assert report.reopened == reopened
        assert quarantine(shop) == [("order-00007", "reopened" if reopened else "dead")]


def test_retry_tells_refused_rows_of_parts_under_way(tmp_path: Path) -> None:
    """A refused row beside rows that wait is counted, and can be reopened once its part is settled."""
    rows = orders(30)
    rows[7].amount = "13.00"
    named = {**POISON, "message": "data.7.properties.value: Invalid value", "times": 1}
    revoked = {"match": {"nth": 4}, "do": 40105, "times": None}
    with serving(tmp_path / "sandbox.sqlite", [named, POISON, revoked]) as server:
        shop = shop_at(server, tmp_path, rows)
        first = shop.push()

        report = shop.project().retry()

        assert terms(first) == {"planned": 30, "accepted": 9, "dead": 1, "pending": 20}
        assert (report.refused, report.reopened, report.unsettled) == ([], 0, 1)


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
                shop.project().retry()
        held = quarantine(shop)

        (problem,) = caught.value.problems
        assert (problem.code, "No space left on device" in problem.message) == ("state-write", True)
        assert held == [("order-00007", "dead")]
        assert shop.ledger("select exit_code from run where command = 'retry'") == [(2,)]
        assert shop.project().retry().reopened == 1


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
        early = shop.project().resolve("list")
        late = shop.project(NOW + timedelta(hours=36)).resolve("list")

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

        report = shop.project(late).resolve("assume_delivered")
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

        report = shop.project(late).resolve("resend")
        after = shop.push(now=late)

        assert (parked.exit_code, parked.models[0].resumed["parked"]) == (5, 5)
        assert (report.rows, report.settled_parts) == (5, 0)
        assert (after.exit_code, after.models[0].resumed["accepted"]) == (0, 5)
        assert server.counted() == [row.order_id for row in orders(5)]


@pytest.mark.parametrize(
    ("choice", "rows"),
    [({"batches": [1]}, 5), ({"batches": [2]}, 0), ({"select": [VIEW]}, 5)],
)
def test_resolve_decides_about_what_was_chosen(tmp_path: Path, choice: dict[str, Any], rows: int) -> None:
    """A batch number or a selection says which parked rows are meant."""
    lost = {"do": "drop_after_accept", "times": None}
    with serving(tmp_path / "sandbox.sqlite", [lost]) as server:
        shop = with_parked_rows(server, tmp_path)

        report = shop.project(NOW + timedelta(hours=36)).resolve("assume_delivered", **choice)

        assert report.rows == rows
        assert shop.keys() == ([("accepted", 5)] if rows else [])


# without a ledger, and with another one ---------------------------------------------------------------------------


def test_nothing_can_be_decided_before_the_first_push(tmp_path: Path) -> None:
    """Retry and resolve say that nothing was pushed yet, and make no ledger."""
    shop = Shop(tmp_path / "shop")

    for decide in (lambda: shop.project().retry(), lambda: shop.project().resolve("list")):
        with pytest.raises(StateError, match="Nothing was pushed with this target yet"):
            decide()

    assert not shop.state.ledger.exists()


def test_an_adopted_ledger_takes_the_place_of_the_pinned_one(tmp_path: Path) -> None:
    """A ledger with another id is refused until it is adopted once; from then on it is the one that is pinned."""
    shop = Shop(tmp_path / "shop")
    shop.sell(orders(3))
    shop.build()
    shop.push()
    pin(shop, "brand-1")

    with pytest.raises(StateError, match="not the ledger that the profile names"):
        shop.push()
    adopted = shop.push(adopt=True)
    after = shop.push()

    assert terms(adopted) == terms(after) == {"already_sent": 3}
    assert adopted.notices == ("The ledger brand-1 serves this target from now on.",)
    assert shop.state.ledger_id.read_text() == "brand-1\n"


@pytest.mark.parametrize("lost", ["ledger", "state folder"])
def test_a_lost_ledger_is_replaced_only_when_adopted(tmp_path: Path, lost: str) -> None:
    """A new ledger sends every row of the view again, so it is made by a person's word only."""
    shop = Shop(tmp_path / "shop")
    shop.sell(orders(3))
    shop.build()
    pin(shop, "brand-1")
    shop.push(adopt=True)
    if lost == "ledger":
        shop.state.ledger.unlink()
    else:
        shutil.rmtree(shop.state.root)

    with pytest.raises(StateError):
        shop.push()
    adopted = shop.push(adopt=True)

    assert terms(adopted) == {"planned": 3, "accepted": 3}
    assert shop.state.ledger_id.read_text() == "brand-1\n"
    assert terms(shop.push()) == {"already_sent": 3}


def test_a_ledger_of_the_first_schema_is_copied_and_migrated(tmp_path: Path) -> None:
    """An older ledger keeps every row, gains the new schema in one step, and stays beside it as it was."""
    shop = Shop(tmp_path / "shop")
    shop.sell(orders(3))
    shop.build()
    shop.push()
    as_of_schema_1(shop.state.ledger)
    before = shop.ledger("select id, path, kind, sha256 from file order by id")

    after = shop.push()

    assert terms(after) == {"already_sent": 3}
    assert shop.ledger("pragma user_version") == [(2,)]
    assert shop.ledger("pragma foreign_key_check") == []
    assert shop.ledger("select id, path, kind, sha256 from file order by id") == before
    copy = shop.state.root / "ledger-schema-1.sqlite"
    assert copy.stat().st_mode & 0o777 == 0o600
    with sqlite3.connect(copy) as older:
        assert older.execute("pragma user_version").fetchone() == (1,)
        assert older.execute("select id, path, kind, sha256 from file order by id").fetchall() == before
    older.close()


def as_of_schema_1(path: Path) -> None:
    """Turn a ledger into one that the first version wrote."""
    first = resources.files("pusher.ledger").joinpath("migrations/0001_first.sql").read_text("utf-8")
    old = path.with_name("old.sqlite")
    with sqlite3.connect(old) as connection:
        connection.executescript(first)
        connection.execute("attach ? as newer", (str(path),))
        for table in ("meta", "run", "file", "part", "batch", "attempt"):
            connection.execute(f"insert into {table} select * from newer.{table}")
        connection.execute("pragma user_version = 1")
    connection.close()
    old.chmod(0o600)
    old.replace(path)


# waiting for another run ------------------------------------------------------------------------------------------


def test_a_push_waits_for_another_one_when_asked_to(tmp_path: Path) -> None:
    """Fault 48: when the holder of the lock is killed, the waiting push goes on within a second and sends the rest."""
    slow = {"match": {"nth": 2}, "do": "slow_drip", "after": "accept"}
    with serving(tmp_path / "sandbox.sqlite", [slow]) as server:
        shop = shop_at(server, tmp_path, orders(50))
        holder = shop.command("push", "--quiet", "--clock", NOW.isoformat())
        wait_until(lambda: len(server.requests()) == 2)
        waiter = shop.command("push", "--wait", "60", "--clock", NOW.isoformat())
        assert waiter.stderr is not None
        assert b"Waiting for another push" in waiter.stderr.readline()

        holder.kill()
        holder.communicate()
        out, err = waiter.communicate(timeout=60)

        assert waiter.returncode == 0, err
        assert b"sent 40" in out
        assert server.counted() == [row.order_id for row in orders(50)]


def test_waiting_ends_when_its_time_is_over(tmp_path: Path) -> None:
    """A push that waited in vain ends with the code of a held lock."""
    shop = Shop(tmp_path / "shop")
    shop.sell(orders(1))
    shop.build()
    shop.state.create()

    with shop.state.locked(), pytest.raises(AnotherRunIsActive):
        shop.push(patience=Patience(wait_s=0.3))


# waiting for too long, and what is too old to matter ---------------------------------------------------------------


@pytest.mark.parametrize(("days", "resumed"), [(7, "pending"), (8, "parked")])
def test_rows_that_cannot_be_sent_for_more_than_a_week_wait_for_a_person(
    tmp_path: Path, days: int, resumed: str
) -> None:
    """Each push tries them first; those frozen more than seven days ago are then kept only for a decision."""
    revoked = {"do": 40105, "times": 2}
    with serving(tmp_path / "sandbox.sqlite", [revoked]) as server:
        shop = shop_at(server, tmp_path, [Order("order-00000"), Order("order-00001")])
        shop.push()
        late = NOW + timedelta(days=days)

        refused = shop.push(now=late)
        listed = shop.project(late).resolve("list")
        shop.project(late).resolve("resend")
        sent = shop.push(now=late)

        assert refused.exit_code == 3
        assert refused.models[0].resumed[resumed] == 2
        assert [(one.rows, one.first_risk_at) for one in listed.batches] == ([(2, None)] if days > 7 else [])
        assert sent.models[0].resumed["accepted"] == 2
        assert server.counted() == ["order-00000", "order-00001"]


def test_an_old_part_that_had_no_chance_is_not_parked(tmp_path: Path) -> None:
    """A run that is stopped before it tried anything says nothing about rows that wait; the next one sends them."""
    with serving(tmp_path / "sandbox.sqlite", [{"do": 40105}]) as server:
        shop = shop_at(server, tmp_path, [Order("order-00000")])
        shop.push()
        late = NOW + timedelta(days=8)
        planned = threading.Event()
        project = shop.project(late)
        project.listener = lambda event: planned.set() if isinstance(event, PlanFinished) else None

        stopped = project.push(should_stop=AfterTheChecks(planned))
        sent = shop.push(now=late)

        assert [problem.code for problem in stopped.problems] == ["interrupted"]
        assert stopped.models[0].resumed == {"pending": 1, "planned": 1} | dict.fromkeys(
            ("accepted", "dead", "parked", "expired_late", "suppressed_late"), 0
        )
        assert sent.models[0].resumed["accepted"] == 1


class AfterTheChecks:
    """Asks to stop once the plan is made and its last check for a wish to stop is over."""

    def __init__(self, planned: threading.Event) -> None:
        self._planned, self._asked = planned, 0

    def __call__(self) -> bool:
        """Say whether to stop."""
        self._asked += self._planned.is_set()
        return self._asked > 1


def test_clean_tells_keys_that_cannot_be_merged(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing is forgotten in silence: the command ends with 2 and what to do."""
    with serving(tmp_path / "sandbox.sqlite", [POISON]) as server:
        shop = with_a_refused_row(server, tmp_path)
        before = shop.ledger("select kind, path from file order by id")

        def full(*_: object) -> str:
            raise OSError(28, "No space left on device")

        monkeypatch.setattr("pusher.ledger.compaction.publish", full)
        with pytest.raises(StateError, match="key files could not be merged"):
            shop.project().clean(keep=timedelta(days=400))

        assert shop.ledger("select kind, path from file order by id") == before


def test_clean_forgets_what_is_too_old_and_nothing_else(tmp_path: Path) -> None:
    """Runs, requests and refused rows of long ago go; what a push may still meet stays, and nothing is sent twice."""
    now = NOW + timedelta(days=20)
    with serving(tmp_path / "sandbox.sqlite", [POISON], now) as server:
        shop = with_a_refused_row(server, tmp_path)
        shop.project().compile()
        rows = [Order(f"order-{number:05d}", at="2026-12-09 10:00:00") for number in range(100, 105)]
        rows[0].amount = "13.00"
        shop.sell([*orders(30), *rows])
        shop.build()
        shop.push(now=now)

        early = shop.project(now).clean(keep=timedelta(days=35))
        again = shop.push(now=now)
        late = NOW + timedelta(days=60)
        removed = shop.project(late).clean(keep=timedelta(days=45))

        assert early == {
            "compiled files": 1,
            "archived keys": 0,
            "reopened rows": 0,
            "refused rows": 0,
            "attempts": 0,
            "batches": 0,
            "parts": 0,
            "runs": 0,
            "older ledgers": 0,
        }
        assert again.models[0].held == {"accepted": 33, "corrected": 1, "dead": 1}
        assert terms(again) == {"already_sent": 35}
        attempts = removed.pop("attempts")
        assert attempts >= 2
        assert removed == {
            "compiled files": 0,
            "archived keys": 30,
            "reopened rows": 0,
            "refused rows": 0,
            "batches": removed["batches"],
            "parts": 1,
            "runs": 1,
            "older ledgers": 0,
        }
        assert shop.keys() == [("accepted", 4), ("dead", 1)]
        assert shop.ledger("select count(*) from part") == [(1,)]


def test_keys_that_no_plan_can_meet_go_to_the_archive(tmp_path: Path) -> None:
    """Events of more than 30 days ago cannot be sent any more; what was sent of them is still known for reports."""
    late = NOW + timedelta(days=40)
    with serving(tmp_path / "sandbox.sqlite", now=NOW) as server:
        shop = shop_at(server, tmp_path, orders(3))
        shop.push()
    with serving(tmp_path / "later.sqlite", now=late) as server:
        shop.profile(server.base_url)
        with sqlite3.connect(shop.state.ledger) as connection:
            connection.execute("update meta set value = ? where name = 'base_url'", (server.base_url,))
        connection.close()
        shop.sell([Order("order-00100", at="2026-12-29 10:00:00")])
        shop.push(now=late)

        shop.project(late).clean(keep=timedelta(days=400))

        assert shop.ledger("select kind, rows from file order by kind") == [("archive", 3), ("keys", 1)]
        known = shop.project().status_sql("select count(*) as keys from sent_keys where state = 'accepted'")
        assert known == [{"keys": 4}]


def test_clean_forgets_everything_of_a_shop_that_was_closed(tmp_path: Path) -> None:
    """After a long time no refused row, no archived key and no older copy of the ledger is left."""
    with serving(tmp_path / "sandbox.sqlite", [POISON]) as server:
        shop = with_a_refused_row(server, tmp_path)
        for name, days_ago in (("ledger-schema-0.sqlite", 600), ("ledger-schema-1.sqlite", 0)):
            (shop.state.root / name).touch()
            at = (NOW + timedelta(days=500 - days_ago)).timestamp()
            os.utime(shop.state.root / name, (at, at))
        late = NOW + timedelta(days=500)
        shop.sell([Order("order-00000", at="2020-01-01 10:00:00")])
        shop.push(now=late)

        removed = shop.project(late).clean(keep=timedelta(days=400))

        assert {what: removed[what] for what in ("archived keys", "refused rows", "older ledgers", "runs")} == {
            "archived keys": 30,
            "refused rows": 1,
            "older ledgers": 1,
            "runs": 1,
        }
        assert shop.ledger("select kind from file") == [("quarantine",)]
        assert not (shop.state.root / "ledger-schema-0.sqlite").exists()
        assert (shop.state.root / "ledger-schema-1.sqlite").exists()


def test_retry_leaves_key_files_without_refused_rows_alone(tmp_path: Path) -> None:
    """Only the files that hold a reopened row are written anew."""
    with serving(tmp_path / "sandbox.sqlite", [POISON]) as server:
        shop = with_a_refused_row(server, tmp_path)
        shop.sell(orders(40))
        shop.push()
        before = shop.ledger("select path, sha256 from file where kind = 'keys' order by id")

        shop.project().retry()

        after = shop.ledger("select path, sha256 from file where kind = 'keys' order by id")
        assert len(before) == len(after) == 2
        assert after[0] == before[1]


def test_clean_before_the_first_push_only_removes_compiled_sql(tmp_path: Path) -> None:
    """Without a ledger there is nothing to forget, and none is made."""
    shop = Shop(tmp_path / "shop")
    shop.project().compile()

    assert shop.project().clean(keep=timedelta(days=400)) == {"compiled files": 1}
    assert not shop.state.root.exists()


@pytest.mark.parametrize("target_path", ["target", ".", "notes"])
def test_clean_removes_nothing_but_compiled_sql(tmp_path: Path, target_path: str) -> None:
    """Whatever folder `target-path` names, the files of the project and its ledger stay."""
    shop = Shop(tmp_path / "shop")
    with (shop.root / "dbt_project.yml").open("a") as file:
        file.write(f'target-path: "{target_path}"\n')
    shop.sell(orders(1))
    shop.build()
    shop.push()
    (shop.root / target_path).mkdir(exist_ok=True)
    (shop.root / target_path / "notes.txt").write_text("mine")
    compiled = shop.root / target_path / "compiled"
    before = {path for path in shop.root.rglob("*") if path.is_file() and compiled not in path.parents}

    removed = shop.project().clean(keep=timedelta(days=400))

    assert removed["compiled files"] == 1
    after = {path for path in shop.root.rglob("*") if path.is_file()}
    assert {path for path in before if shop.state.root not in path.parents} <= after
    assert shop.push().models[0].held == {"accepted": 1}
