"""A ledger that is not the one expected, that is older, or that another run holds."""

from __future__ import annotations

import shutil
import sqlite3
from datetime import timedelta
from pathlib import Path

import pytest

from pusher.errors import AnotherRunIsActive, StateError
from pusher.ledger.opening import SCHEMA_VERSION
from pusher.ledger.run_facts import run_facts
from pusher.project.facade import LoadOptions, Project
from pusher.project.outcomes import Patience, PushChoice
from tests.ledger.older import as_of_schema, as_of_schema_1
from tests.push.refused import pin, shop_at
from tests.push.support import NOW, VIEW, Shop, orders, serving, terms, wait_until


def built(folder: Path) -> Shop:
    """Return a shop with three orders, of which nothing was pushed yet."""
    shop = Shop(folder / "shop")
    shop.sell(orders(3))
    shop.build()
    return shop


def pushed(folder: Path) -> Shop:
    """Return a shop with three orders, which its ledger has."""
    shop = built(folder)
    shop.push()
    return shop


# without a ledger, and with another one ---------------------------------------------------------------------------


def test_nothing_can_be_decided_before_the_first_push(tmp_path: Path) -> None:
    """Retry and resolve say that nothing was pushed yet, and make no ledger."""
    shop = Shop(tmp_path / "shop")

    for decide in (shop.project().ledger.retry, lambda: shop.project().ledger.resolve("list")):
        with pytest.raises(StateError, match="Nothing was pushed with this target yet"):
            decide()

    assert not shop.state.ledger.exists()


def test_a_folder_that_cannot_be_looked_into_is_named_with_a_remedy(tmp_path: Path) -> None:
    """The system refuses to say what is there, as it does of a folder of another user."""
    shop = built(tmp_path)
    project = Project.load(LoadOptions(project_dir=shop.root, state_dir=tmp_path / ("x" * 300)))
    ledger = project.ledger

    for ask in (
        ledger.retry,
        lambda: ledger.resolve("list"),
        lambda: ledger.clean(keep=timedelta(days=400)),
        lambda: project.push(choice=PushChoice(dry_run=True, adopt=True)),
    ):
        with pytest.raises(StateError, match="Cannot use the state folder"):
            ask()


def test_an_adopted_ledger_takes_the_place_of_the_pinned_one(tmp_path: Path) -> None:
    """A ledger with another id is refused until it is adopted once; from then on it is the one that is pinned."""
    shop = pushed(tmp_path)
    pin(shop, "brand-1")

    with pytest.raises(StateError, match="not the ledger that the profile names"):
        shop.push()
    adopted = shop.push(adopt=True)
    after = shop.push()

    assert terms(adopted) == terms(after) == {"already_sent": 3}
    assert adopted.notices == ("The ledger brand-1 serves this target from now on.",)
    assert shop.state.ledger_id.read_text() == "brand-1\n"


@pytest.mark.parametrize("lost", ["ledger", "what it held", "state folder"])
def test_a_lost_ledger_is_replaced_only_when_adopted(tmp_path: Path, lost: str) -> None:
    """A new ledger sends every row of the view again, so it is made by a person's word only."""
    shop = built(tmp_path)
    pin(shop, "brand-1")
    shop.push(adopt=True)
    if lost == "ledger":
        shop.state.ledger.unlink()
    elif lost == "what it held":
        # As a kill leaves it that comes while a lost ledger is replaced.
        shop.state.ledger.write_bytes(b"")
    else:
        shutil.rmtree(shop.state.root)

    with pytest.raises(StateError):
        shop.push()
    planned = shop.push(dry_run=True, adopt=True)
    adopted = shop.push(adopt=True)

    assert terms(planned) == {"planned": 3, "pending": 3}
    assert terms(adopted) == {"planned": 3, "accepted": 3}
    assert shop.state.ledger_id.read_text() == "brand-1\n"
    assert terms(shop.push()) == {"already_sent": 3}


def test_a_ledger_of_another_folder_is_refused_until_it_is_adopted(tmp_path: Path) -> None:
    """It knows nothing of what was sent from here, so everything would be sent again, also where nothing is pinned."""
    shop = pushed(tmp_path / "here")
    other = pushed(tmp_path / "there")
    shutil.rmtree(shop.state.root)
    shutil.copytree(other.state.root, shop.state.root)
    shop.state.ledger_id.write_text("another\n")
    ledger = shop.project().ledger

    for ask in (shop.push, lambda: shop.push(dry_run=True), ledger.retry, lambda: ledger.resolve("list")):
        with pytest.raises(StateError, match="This folder was in use with another ledger, another"):
            ask()
    adopted = shop.push(adopt=True)

    assert terms(adopted) == terms(shop.push()) == {"already_sent": 3}
    assert shop.state.ledger_id.read_text() == other.state.ledger_id.read_text()


def test_an_id_that_cannot_be_read_is_named_with_a_remedy(tmp_path: Path) -> None:
    """Nobody can tell then whether the ledger is the one of this folder."""
    shop = pushed(tmp_path)
    shop.state.ledger_id.unlink()
    shop.state.ledger_id.mkdir()

    for ask in (shop.push, lambda: shop.push(dry_run=True), shop.project().ledger.retry):
        with pytest.raises(StateError, match="Cannot use the state folder: Is a directory"):
            ask()


@pytest.mark.parametrize("left", [None, ""])
def test_a_crash_while_a_ledger_was_made_costs_nothing_that_tells_of_its_loss(tmp_path: Path, left: str | None) -> None:
    """Its id is written down by the next push, and a ledger that is lost after that is noticed."""
    shop = pushed(tmp_path)
    shop.state.ledger_id.unlink()
    if left is not None:
        shop.state.ledger_id.write_text(left)

    shop.push()
    shop.state.ledger.unlink()

    with pytest.raises(StateError, match="The ledger is gone"):
        shop.push()


def test_another_ledger_than_the_pinned_one_decides_nothing(tmp_path: Path) -> None:
    """A dry run plans by no ledger that a push would refuse, and nobody settles rows of it."""
    shop = pushed(tmp_path)
    pin(shop, "brand-1")
    ledger = shop.project().ledger

    for ask in (
        lambda: shop.push(dry_run=True),
        ledger.retry,
        lambda: ledger.resolve("list"),
        lambda: ledger.clean(keep=timedelta(days=400)),
    ):
        with pytest.raises(StateError, match="not the ledger that the profile names"):
            ask()

    assert terms(shop.push(dry_run=True, adopt=True)) == {"already_sent": 3}
    assert ledger.summary() is not None


def test_a_dry_run_compares_with_no_ledger_of_another_place(tmp_path: Path) -> None:
    """What was sent to the sandbox says nothing of what another base_url got."""
    shop = pushed(tmp_path)
    shop.profile("http://127.0.0.1:9/open_api/v1.3")

    with pytest.raises(StateError, match=r"This ledger records pushes to sandbox, not to http://127.0.0.1:9"):
        shop.push(dry_run=True)


def test_a_pinned_ledger_may_lie_on_another_machine_for_a_dry_run(tmp_path: Path) -> None:
    """A check of a pull request has no state folder: all rows look new there."""
    shop = built(tmp_path)
    pin(shop, "brand-1")

    assert terms(shop.push(dry_run=True)) == {"planned": 3, "pending": 3}


def test_62_a_ledger_of_the_first_schema_is_copied_and_migrated(tmp_path: Path) -> None:
    """An older ledger keeps every row, gains the new schema in one step, and stays beside it as it was."""
    shop = pushed(tmp_path)
    as_of_schema_1(shop.state.ledger)
    before = shop.ledger("select id, path, kind, sha256 from file order by id")

    after = shop.push()

    assert terms(after) == {"already_sent": 3}
    assert shop.ledger("pragma user_version") == [(SCHEMA_VERSION,)]
    assert shop.ledger("pragma foreign_key_check") == []
    assert shop.ledger("select id, path, kind, sha256 from file order by id") == before
    copy = shop.state.root / "ledger-schema-1.sqlite"
    assert copy.stat().st_mode & 0o777 == 0o600
    with sqlite3.connect(copy) as older:
        assert older.execute("pragma user_version").fetchone() == (1,)
        assert older.execute("select id, path, kind, sha256 from file order by id").fetchall() == before
    older.close()


def test_a_ledger_of_schema_4_gains_steps_and_keeps_its_runs(tmp_path: Path) -> None:
    """Its runs have no steps and say so; the next run has them, and both can be shown."""
    shop = built(tmp_path)
    older = shop.push().run_id
    as_of_schema(shop.state.ledger, 4)
    before = run_facts(shop.state, older)

    newer = shop.push().run_id

    after = run_facts(shop.state, older)
    assert shop.ledger("pragma user_version") == [(SCHEMA_VERSION,)]
    assert (before.steps, before.words, before.problems) == (after.steps, after.words, after.problems) == ([], (), [])
    assert (after.exit_code, run_facts(shop.state, newer).exit_code) == (0, 0)
    assert [(one["step"], one["state"]) for one in run_facts(shop.state, newer).steps] == [
        ("load", "done"), ("preflight", "done"), ("plan", "done"), ("deliver", "skipped"), ("settle", "done"),
        ("receipt", "done"),
    ]  # fmt: skip


def test_an_older_ledger_is_read_without_being_changed(tmp_path: Path) -> None:
    """Status and a dry run know what the first version recorded; the migration is left to the next push."""
    shop = pushed(tmp_path)
    as_of_schema_1(shop.state.ledger)
    before = shop.state.ledger.read_bytes()

    summary = shop.project().ledger.summary()
    dry = shop.push(dry_run=True)

    assert summary is not None
    assert summary.settled_rows == [{"model": VIEW, "space": "", "state": "accepted", "rows": 3}]
    assert terms(dry) == {"already_sent": 3}
    assert shop.state.ledger.read_bytes() == before
    assert not (shop.state.root / "ledger-schema-1.sqlite").exists()


def test_the_copy_of_an_earlier_migration_is_replaced(tmp_path: Path) -> None:
    """An old backup that is put back is migrated again: the copy is the ledger as it was just now."""
    shop = pushed(tmp_path)
    as_of_schema_1(shop.state.ledger)
    shop.push()
    shop.sell(orders(5))
    shop.push()
    as_of_schema_1(shop.state.ledger)
    before = shop.ledger("select id, path, sha256 from file order by id")

    shop.push()

    with sqlite3.connect(shop.state.root / "ledger-schema-1.sqlite") as older:
        copied = older.execute("select id, path, sha256 from file order by id").fetchall()
    older.close()
    assert (len(before), copied) == (2, before)


def test_an_adopted_ledger_still_serves_one_base_url(tmp_path: Path) -> None:
    """Whoever adopts a ledger says that it is the right one, not that what went elsewhere went here."""
    shop = pushed(tmp_path)
    elsewhere = "http://127.0.0.1:9/open_api/v1.3"
    shop.profile(elsewhere)

    with pytest.raises(StateError) as caught:
        shop.push(adopt=True)

    (problem,) = caught.value.problems
    assert problem.message == f"This ledger records pushes to sandbox, not to {elsewhere}."
    assert shop.ledger("select value from meta where name = 'base_url'") == [("sandbox",)]


# waiting for another run ------------------------------------------------------------------------------------------


def test_48_a_push_waits_for_another_one_when_asked_to(tmp_path: Path) -> None:
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
