"""Faults 13 to 19: a full disk, and a ledger that is damaged, lost, foreign or old."""

from __future__ import annotations

import json
import os
import shutil
import sqlite3
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import duckdb
import pytest

from pusher.errors import ConfigError, Incomplete, StateError
from pusher.ledger.store import Store
from tests.faults.scene import ROWS, Scene, scene
from tests.push.members import MEMBERS, Club, digest, emails, people, serving_audiences
from tests.push.support import NOW, orders


def full_at(monkeypatch: pytest.MonkeyPatch, method: str, nth: int) -> None:
    """Let the disk be full at the n-th call of a method of the ledger, and have room again after it."""
    real: Callable[..., Any] = getattr(Store, method)
    calls = 0

    def failing(*arguments: Any, **named: Any) -> Any:
        nonlocal calls
        calls += 1
        if calls == nth:
            raise sqlite3.OperationalError("database or disk is full")
        return real(*arguments, **named)

    monkeypatch.setattr(Store, method, failing)


@pytest.mark.parametrize("nth", [1, 2])
def test_13_the_disk_is_full_at_an_intent(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, nth: int) -> None:
    """That batch is not sent; exit 4, and the next run goes on."""
    with scene(tmp_path) as found:
        full_at(monkeypatch, "intend", nth)
        with pytest.raises(Incomplete) as caught:
            found.push()
        sent = found.requests()
        found.settle()

        assert (caught.value.exit_code, sent) == (4, nth - 1)
        found.check()


@pytest.mark.parametrize("nth", [1, 2])
def test_14_the_disk_is_full_at_an_acknowledgement(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, nth: int) -> None:
    """Nothing more is sent; the next run repeats that batch only."""
    with scene(tmp_path, concurrency=1) as found:
        full_at(monkeypatch, "conclude", nth)
        with pytest.raises(Incomplete):
            found.push()
        sent = found.requests()
        found.settle()

        assert sent == nth
        assert found.server.totals()["duplicates"] == (10 if nth == 1 else 15)
        found.check()


def refused(found: Scene) -> str:
    """Push a ledger that cannot be trusted: nothing is sent, and the file stays as it is."""
    before, bytes_before = found.requests(), found.shop.state.ledger.read_bytes()
    with pytest.raises(StateError) as caught:
        found.push()
    assert (caught.value.exit_code, found.requests()) == (2, before)
    assert found.shop.state.ledger.read_bytes() == bytes_before
    (problem,) = caught.value.problems
    assert problem.fix is not None
    return problem.message


@pytest.mark.parametrize("place", ["header", "page"])
def test_15_a_byte_of_the_ledger_is_flipped(tmp_path: Path, place: str) -> None:
    """It is noticed before anything is sent; with the backup back in its place, nothing is sent twice."""
    with scene(tmp_path) as found:
        found.push()
        ledger = found.shop.state.ledger
        backup = ledger.read_bytes()
        damaged = bytearray(backup)
        # The first letter of the magic, or the type and the cell count of every page but the first.
        for offset in [0] if place == "header" else range(4_096, len(damaged), 4_096):
            damaged[offset] ^= 0xFF
        ledger.write_bytes(damaged)

        assert refused(found).startswith("The ledger ")
        ledger.write_bytes(backup)
        assert found.push().models[0].held == {"accepted": ROWS}
        found.check()


@pytest.mark.parametrize("kind", ["truncated", "empty", "duckdb", "newer"])
def test_16_the_ledger_is_something_else(tmp_path: Path, kind: str) -> None:
    """It is refused with a reason, and never made anew."""
    with scene(tmp_path) as found:
        found.push()
        ledger = found.shop.state.ledger
        match kind:
            case "truncated":
                ledger.write_bytes(ledger.read_bytes()[:5_000])
            case "empty":
                ledger.write_bytes(b"")
            case "duckdb":
                ledger.unlink()
                duckdb.connect(str(ledger)).close()
            case _:
                with sqlite3.connect(ledger) as connection:
                    connection.execute("pragma user_version = 999")
                connection.close()

        assert refused(found)


def test_17_the_ledger_is_gone(tmp_path: Path) -> None:
    """A loss is not a first run; `--adopt` begins a new ledger, and TikTok drops the copies of two days."""
    with scene(tmp_path) as found:
        found.push()
        found.shop.state.ledger.unlink()
        with pytest.raises(StateError, match="ledger is gone"):
            found.push()
        adopted = found.push(adopt=True)

        assert adopted.models[0].terms["accepted"] == ROWS
        assert found.server.counted() == [row.order_id for row in orders(ROWS)]


def put_back(found: Scene, root: Path, *, later: timedelta) -> str:
    """Sell more, push it later, and put the state folder back as it was before; returns the run that is lost."""
    shutil.copytree(found.shop.state.root, root / "backup")
    found.sell(ROWS)
    lost = found.push(NOW + later)
    shutil.rmtree(found.shop.state.root)
    shutil.copytree(root / "backup", found.shop.state.root)
    return f"Run {lost.run_id} of {NOW + later:%Y-%m-%d %H:%M} UTC is not in this ledger"


@pytest.mark.parametrize("later", [timedelta(0), timedelta(hours=40)])
def test_19_an_old_backup_is_put_back(tmp_path: Path, later: timedelta) -> None:
    """Rows sent since look new, are sent again, and are dropped as duplicates; one notice names the lost run."""
    with scene(tmp_path, rows=10) as found:
        found.push()
        lost = put_back(found, tmp_path, later=later)

        dry = found.push(NOW + later, dry_run=True)
        report, again = found.push(NOW + later), found.push(NOW + later)

        assert report.models[0].terms["accepted"] == ROWS - 10
        assert found.server.counted() == [row.order_id for row in orders(ROWS)]
        assert found.server.totals()["duplicates"] == ROWS - 10
        told = f"{lost}: an older copy of it was put back. Rows that were sent since look new and are sent again."
        assert (dry.notices, report.notices, again.notices) == ((told,), (told,), ())


def test_19_a_backup_from_before_the_window_is_refused(tmp_path: Path) -> None:
    """TikTok would count again what it got more than 48 hours ago, so a person decides; `--adopt` goes on."""
    later = timedelta(hours=50)
    with scene(tmp_path, rows=10) as found:
        found.push()
        lost = put_back(found, tmp_path, later=later)
        before = found.requests()

        for dry_run in (True, False):
            with pytest.raises(StateError) as caught:
                found.push(NOW + later, dry_run=dry_run)
            message = caught.value.problems[0].message
            assert (caught.value.exit_code, message) == (2, f"{lost}: an older copy of it was put back.")
        assert found.requests() == before

        adopted, again = found.push(NOW + later, adopt=True), found.push(NOW + later)
        assert (adopted.models[0].terms["accepted"], len(adopted.notices), again.notices) == (ROWS - 10, 2, ())


FORMLESS = '{"schema_version": 1, "ledgers": {"LEDGER": {"run": "1"}}}'


@pytest.mark.parametrize(
    "content",
    ["", "no JSON", "[]", '{"schema_version": 2}', '{"schema_version": 1}', FORMLESS, FORMLESS + " " * (1 << 20)],
    ids=range(7),
)
def test_19_what_a_user_remembers_is_no_truth(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, content: str) -> None:
    """Without what this user remembers, nothing is said; a push remembers again."""
    # A relative folder is none.
    monkeypatch.setenv("XDG_STATE_HOME", "state")
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    remembered = tmp_path / "home" / ".local" / "state" / "pusher" / "ledgers.json"
    with scene(tmp_path, rows=10) as found:
        found.push()
        put_back(found, tmp_path, later=timedelta(hours=50))
        ((ledger_id,),) = found.shop.ledger("select value from meta where name = 'ledger_id'")
        if content:
            remembered.write_text(content.replace("LEDGER", ledger_id))
        else:
            remembered.unlink()

        report = found.push(NOW + timedelta(hours=50))

        assert (report.exit_code, report.notices) == (0, ())
        ((started_at,),) = found.shop.ledger(f"select started_at from run where id = '{report.run_id}'")
        kept = {ledger_id: {"run": report.run_id, "started_at": started_at}}
        assert json.loads(remembered.read_text()) == {"schema_version": 1, "ledgers": kept}
        assert remembered.stat().st_mode & 0o777 == 0o600


def put_back_club(root: Path, base_url: str) -> Club:
    """Fill an audience with five people and with three more, and put the state folder back as it was between."""
    club = Club(root / "club", base_url)
    club.join(people(range(5)))
    club.push()
    shutil.copytree(club.state.root, root / "backup")
    club.join(people(range(8)))
    club.push()
    shutil.rmtree(club.state.root)
    shutil.copytree(root / "backup", club.state.root)
    return club


def test_19_an_old_backup_of_members_is_refused_at_once(tmp_path: Path) -> None:
    """Nobody knows whom the lost run put into an audience, so those who left could never be taken out."""
    with serving_audiences(tmp_path) as server:
        club = put_back_club(tmp_path, server.base_url)
        club.join(people(range(6)))

        with pytest.raises(StateError, match="an older copy of it was put back"):
            club.push()
        (audience,) = server.audiences()
        assert server.members(audience["audience_id"]) == emails(range(8))


def mistype(club: Club) -> None:
    """Select what does not exist: the run is kept in the ledger, though it came to nothing."""
    with pytest.raises(ConfigError):
        club.push(select=["no_such_view"])


def break_lock_file(club: Club) -> None:
    """Push by a lock file that nobody can read."""
    path = club.root / "audiences.lock.yml"
    path.write_text("version: [")
    with pytest.raises(ConfigError):
        club.push()
    path.unlink()


def clean(club: Club) -> None:
    """Forget what is old."""
    club.project().ledger.clean(keep=timedelta(days=400))


def forget_nobody(club: Club) -> None:
    """Forget somebody who is in no audience."""
    digests = [("EMAIL_SHA256", digest("email of nobody"))]
    club.project()._pushing().forget(digests, sends=True, wait_s=0.0, methods={MEMBERS: "stream"})


@pytest.mark.parametrize("between", [mistype, break_lock_file, clean, forget_nobody])
def test_19_an_old_backup_stays_one_whatever_else_runs(tmp_path: Path, between: Callable[[Club], None]) -> None:
    """Only a push that was compared with what its user remembers says that the ledger is the newest."""
    with serving_audiences(tmp_path) as server:
        club = put_back_club(tmp_path, server.base_url)
        runs = len(club.ledger("select id from run"))

        between(club)

        assert len(club.ledger("select id from run")) == runs + 1
        for _ in range(2):
            with pytest.raises(StateError, match="an older copy of it was put back"):
                club.push()


def test_19_an_old_backup_of_events_stays_one_after_it_was_cleaned(tmp_path: Path) -> None:
    """A run of today that sent nothing brings nothing of what was lost into the window."""
    later = timedelta(hours=50)
    with scene(tmp_path, rows=10) as found:
        found.push()
        put_back(found, tmp_path, later=later)
        before = found.requests()
        found.shop.project(NOW + later).ledger.clean(keep=timedelta(days=400))

        with pytest.raises(StateError, match="an older copy of it was put back"):
            found.push(NOW + later)
        assert found.requests() == before


def test_19_a_ledger_of_an_older_version_is_compared_by_its_newest_run(tmp_path: Path) -> None:
    """It does not name its last push yet."""
    later = timedelta(hours=50)
    with scene(tmp_path, rows=10) as found:
        found.push()
        put_back(found, tmp_path, later=later)
        with sqlite3.connect(found.shop.state.ledger) as ledger:
            ledger.execute("delete from meta where name = 'newest_push'")
        ledger.close()

        with pytest.raises(StateError, match="an older copy of it was put back"):
            found.push(NOW + later)


def test_19_a_run_that_was_cleaned_away_is_not_missed(tmp_path: Path) -> None:
    """Somebody else has pushed with the ledger since, and the run by which this user did is forgotten."""
    with scene(tmp_path, rows=10) as found:
        mine = found.push().run_id
        memory = Path(os.environ["XDG_STATE_HOME"]) / "pusher" / "ledgers.json"
        remembered = memory.read_text()
        found.push(NOW + timedelta(days=3))
        found.shop.project(NOW + timedelta(days=4)).ledger.clean(keep=timedelta(days=2))
        memory.write_text(remembered)

        report = found.push(NOW + timedelta(days=4))

        assert found.shop.ledger(f"select count(*) from run where id = '{mine}'") == [(0,)]
        assert (report.exit_code, report.notices) == (0, ())


def test_17_keys_without_their_ledger_say_that_one_was_here(tmp_path: Path) -> None:
    """Also where nothing else is left of it; `--adopt` begins anew."""
    with scene(tmp_path) as found:
        found.push()
        found.shop.state.ledger.unlink()
        found.shop.state.ledger_id.unlink()
        for dry_run in (False, True):
            with pytest.raises(StateError, match="ledger is gone"):
                found.push(dry_run=dry_run)

        assert found.push(adopt=True).models[0].terms["accepted"] == ROWS
