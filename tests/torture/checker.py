"""What must be true of every history: the invariants I1 to I5 and I8."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

from pusher.push.policy import LONGEST_WAIT
from tests.torture.history import DEADLINE_S, SLACK_S, History

RESEND_LIMIT = timedelta(hours=36)


def violations(history: History) -> list[str]:
    """Return what is not as promised, one line each."""
    found = [problem for event in sorted(history.events) for problem in _of_event(history, event)]
    if history.longest_s > DEADLINE_S + SLACK_S:
        found.append(f"I8: a run took {history.longest_s:.0f} s")
    return found


def _of_event(history: History, event: str) -> Iterator[str]:
    yield from _of_state(history, event)
    tally = history.tally
    if len(tally.sent.get(event, ())) > 1 and event not in history.reopened:
        yield f"I3 {event}: sent with {len(tally.sent[event])} payloads"
    if tally.counted(event) > 1:
        yield f"I4 {event}: counted {tally.counted(event)} times"
    again = len(tally.accepted.get(event, ())) - 1
    if again > tally.doubts[event]:
        yield f"I5 {event}: accepted {again} times too often, and in doubt {tally.doubts[event]} times"


def _of_state(history: History, event: str) -> Iterator[str]:
    tally, state = history.tally, history.states.get(event)
    if state is None and event not in history.parked:
        yield f"I1 {event}: lost, it has no state"
    if event in history.held_twice:
        yield f"I1 {event}: it has two keys"
    if event in history.parked and not _may_be_parked(history, event):
        yield f"I1 {event}: left to a person although it can be sent"
    if state not in {None, "accepted", "dead"}:
        yield f"I1 {event}: still {state} after clean runs"
    if state == "accepted":
        yield from _of_accepted(history, event)
    if state == "dead" and event not in tally.refused:
        yield f"I2 {event}: said to be refused, but the server never refused it by itself"
    if state == "dead" and event in tally.accepted:
        yield f"I2 {event}: said to be refused, but it was accepted"


def _may_be_parked(history: History, event: str) -> bool:
    """Whether an event may have been in doubt for 36 hours or refused while in doubt, or could not be sent for 7 days.

    A run that died may have stored that it is about to send an event, and not have come to it.
    """
    planned, end = history.planned[event], history.ended
    is_in_doubt = history.tally.doubts[event] > 0 or any(died >= planned for died in history.deaths)
    if event in history.tally.refused and is_in_doubt:
        return True
    risks = [history.tally.first_sent.get(event), *(died for died in history.deaths if died >= planned)]
    return end - planned >= LONGEST_WAIT or any(risk is not None and end - risk >= RESEND_LIMIT for risk in risks)


def _of_accepted(history: History, event: str) -> Iterator[str]:
    if event in history.tally.strange and history.deaths:
        # A process that died may have been about to send it, so that the duplicate may be one of that.
        return
    if event not in history.tally.accepted:
        yield f"I2 {event}: said to be accepted, but it never arrived"
    if event in history.poison:
        yield f"I2 {event}: said to be accepted, but the server refuses it"
