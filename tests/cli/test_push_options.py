"""The options of `pusher push` reach the push."""

from __future__ import annotations

from typing import Any

import pytest

from pusher.destinations.tiktok.settings import read_settings
from pusher.errors import ConfigError, Problem
from pusher.project.outcomes import Patience, PushChoice
from pusher.project.pushing import Pushing
from tests.cli.conftest import Shop

Asked = list[tuple[PushChoice, int | None, bool]]


@pytest.fixture(name="asked")
def _asked(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> Asked:
    """Keep what a push is asked for, and let it go no further."""
    shop("build")
    found: Asked = []

    def push(self: Pushing, views: Any, audiences: Any, choice: PushChoice, *, everything: bool) -> Any:
        del views, audiences
        found.append((choice, read_settings(self.account.settings).concurrency, everything))
        raise ConfigError(Problem("enough", "That is enough."))

    monkeypatch.setattr(Pushing, "push", push)
    return found


def test_every_option_of_a_push_is_passed_on(shop: Shop, asked: Asked) -> None:
    """Each with its own value."""
    shop(
        "push", "--dry-run", "--test-event-code", "TEST1", "--adopt", "--stateless", "--concurrency", "7",
        "--wait", "1", "--deadline", "2", "--grace", "3", "--max-dead", "0.4", "--allow-shrink", "--select", "offline",
    )  # fmt: skip

    patience = Patience(wait_s=1.0, deadline_s=2.0, grace_s=3.0, max_dead_share=0.4)
    choice = PushChoice(
        dry_run=True, test_event_code="TEST1", adopt=True, stateless=True, allow_shrink=True, patience=patience
    )
    assert asked == [(choice, 7, False)]


def test_a_push_without_options_has_the_defaults(shop: Shop, asked: Asked) -> None:
    """Half an hour, ten seconds of grace, a tenth refused; the setting says how many are in flight."""
    shop("push")

    assert asked == [(PushChoice(), None, True)]
    assert asked[0][0].patience == Patience(wait_s=0.0, deadline_s=1_800.0, grace_s=10.0, max_dead_share=0.1)


def test_a_run_takes_six_hours_at_most(shop: Shop, asked: Asked) -> None:
    """Ages are judged when it begins, and their margin is not longer."""
    shop("push", "--deadline", "21600")
    longer = shop("push", "--deadline", "21601")

    assert "21601.0 is not in the range" in " ".join(longer.err.split())
    assert [choice.patience.deadline_s for choice, _, _ in asked] == [21_600.0]
