"""Faults 13 to 19: a full disk, and a ledger that is damaged, lost, foreign or old."""

from __future__ import annotations

import shutil
import sqlite3
from collections.abc import Callable
from pathlib import Path
from typing import Any

import duckdb
import pytest

from pusher.errors import Incomplete, StateError
from pusher.ledger.store import Store
from tests.faults.scene import ROWS, Scene, scene
from tests.push.support import orders


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


def test_19_an_old_backup_is_put_back(tmp_path: Path) -> None:
    """Rows sent since look new, are sent again, and are dropped as duplicates."""
    with scene(tmp_path, rows=10) as found:
        found.push()
        shutil.copytree(found.shop.state.root, tmp_path / "backup")
        found.sell(ROWS)
        found.push()
        shutil.rmtree(found.shop.state.root)
        shutil.copytree(tmp_path / "backup", found.shop.state.root)

        report = found.push()

        assert report.models[0].terms["accepted"] == ROWS - 10
        assert found.server.counted() == [row.order_id for row in orders(ROWS)]
        assert found.server.totals()["duplicates"] == ROWS - 10
