"""What must be true of every history: the invariants I1 to I5 and I8."""

from __future__ import annotations

from collections.abc import Iterator

from tests.torture.history import DEADLINE_S, SLACK_S, History


def violations(history: History) -> list[str]:
    """Return what is not as promised, one line each."""
    found = [problem for event in sorted(history.events) for problem in _of_event(history, event)]
    tally = history.tally
    if tally.repeated_rows > tally.doubtful_rows:
        found.append(f"I5: {tally.repeated_rows} rows were sent again, {tally.doubtful_rows} were in doubt")
    if history.longest_s > DEADLINE_S + SLACK_S:
        found.append(f"I8: a run took {history.longest_s:.0f} s")
    return found


def _of_event(history: History, event: str) -> Iterator[str]:
    tally, state = history.tally, history.states.get(event)
    if state is None and event not in history.parked:
        yield f"I1 {event}: lost, it has no state"
    if state not in {None, "accepted", "dead"}:
        yield f"I1 {event}: still {state} after clean runs"
    if state == "accepted":
        yield from _of_accepted(history, event)
    if state == "dead" and event not in tally.refused:
        yield f"I2 {event}: said to be refused, but the server never refused it by itself"
    if state == "dead" and event in tally.accepted:
        yield f"I2 {event}: said to be refused, but it was accepted"
    if len(tally.sent.get(event, ())) > 1:
        yield f"I3 {event}: sent with {len(tally.sent[event])} payloads"
    if tally.counted(event) > 1:
        yield f"I4 {event}: counted {tally.counted(event)} times"


def _of_accepted(history: History, event: str) -> Iterator[str]:
    if event not in history.tally.accepted:
        yield f"I2 {event}: said to be accepted, but it never arrived"
    if event in history.poison:
        yield f"I2 {event}: said to be accepted, but the server refuses it"
