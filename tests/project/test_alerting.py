"""Which end of a push is told to whom."""

from __future__ import annotations

import pytest

from pusher.project.alerting import event_of


@pytest.mark.parametrize(
    ("exit_code", "event"),
    [
        (0, "success"), (1, "findings"), (2, "failure"), (3, "failure"), (4, "failure"), (5, "failure"),
        (6, "failure"), (70, "failure"), (129, "failure"), (130, None), (143, "failure"),
    ],
)  # fmt: skip
def test_an_exit_code_is_an_event(exit_code: int, event: str | None) -> None:
    """Ctrl-C is none: whoever pressed it knows; a scheduler's SIGTERM is a failure."""
    assert event_of(exit_code) == event
