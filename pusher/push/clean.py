"""What `pusher clean` does to the ledger: rows and runs that are too old to matter are forgotten."""

from __future__ import annotations

from datetime import timedelta

from pusher.ledger.forgetting import forget
from pusher.ledger.state import remove_old_scratch
from pusher.push.decisions import Workplace, at_work


def clean(place: Workplace, *, keep: timedelta) -> dict[str, int]:
    """Forget what ended before a time; returns how much of what.

    Args:
        place: What to work on.
        keep: How long runs, requests, refused rows and archived keys are kept.

    Raises:
        StateError: There is no ledger, or it cannot be trusted.
        AnotherRunIsActive: A push holds the lock.
    """
    remove_old_scratch()
    payloads = [payload for payload in place.destination.payloads.values() if payload.kind == "events"]
    met_s = max(payload.limits.max_age_s + payload.limits.dedupe_window_s for payload in payloads)
    with at_work(place, "clean", changes=True) as (store, run):
        return forget(store, place.state, run=run, now=place.clock.now(), keep=keep, keep_keys=timedelta(seconds=met_s))
