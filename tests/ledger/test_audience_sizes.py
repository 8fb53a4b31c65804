"""Which push a size of an audience is compared with."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from pusher.ledger.audience_sizes import Look, SizeStore, keep_sizes
from pusher.ledger.audiences import AudienceStore
from pusher.ledger.opening import open_store
from pusher.ledger.state import StateFolder
from pusher.ledger.store import Store

NOW = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)
SETTLES = timedelta(hours=48)
MINE, OTHER = ("1", "72001"), ("2", "72002")


def line(
    of: tuple[str, str], rows: int, *, suppressed: int = 0, model: str = "best", **open_terms: int
) -> dict[str, Any]:
    """Return the line of a receipt about an audience."""
    terms = dict.fromkeys(("pending_adds", "pending_deletes", "refused_adds", "refused_deletes"), 0)
    people = {"view_rows": rows, "no_identity": 5, "members": rows - 5 - suppressed, "suppressed": suppressed}
    about = {"model": model, "advertiser_id": of[0], "audience_id": of[1], **people}
    return {**about, **terms, **open_terms}


def finish(store: Store, *lines: dict[str, Any], ago: timedelta, command: str = "push") -> None:
    """Note a run with these lines that ended some time ago."""
    run, then = f"run {ago} {command}", NOW - ago
    store.start_run(run=run, command=command, now=then, version="0", base_url="simulated")
    store.finish_run(run=run, now=then, exit_code=0, receipt={"audiences": list(lines)})


def test_a_size_is_compared_with_the_last_push_that_told_all_two_days_before(tmp_path: Path) -> None:
    """A later push, one that left something open, one about another audience and one that only forgets do not count."""
    state = StateFolder(tmp_path / "state")
    state.create()
    store = open_store(state, base_url="simulated", now=NOW)
    audiences = AudienceStore(store)
    with store.transaction():
        for advertiser_id, audience_id in (MINE, OTHER):
            audiences.add(
                model="best", advertiser_id=advertiser_id, name="Best", audience_id=audience_id, now=NOW - 9 * SETTLES
            )
        finish(store, line(MINE, 3_000), ago=timedelta(days=9))
        finish(store, line(MINE, 2_105, suppressed=100), ago=timedelta(days=8))
        finish(store, line(MINE, 2_050, model="before"), ago=timedelta(days=7))
        finish(store, {**line(MINE, 0), "no_identity": 0}, ago=timedelta(days=6))
        finish(store, line(MINE, 2_100, pending_adds=1), ago=timedelta(days=5))
        finish(store, line(OTHER, 2_200), line(MINE, 2_200, refused_deletes=1), ago=timedelta(days=4))
        finish(store, line(MINE, 2_300), ago=timedelta(days=3), command="forget")
        finish(store, line(MINE, 2_400), ago=timedelta(hours=47))

    keep_sizes(store, {MINE: 1_200, ("1", "nobody's"): 9_000}, now=NOW, settles_in=SETTLES)

    assert SizeStore(store).looks() == [Look("best", *MINE, NOW, 1_200, 2_000)]
    store.close()
