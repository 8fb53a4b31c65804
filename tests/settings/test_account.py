"""The three layers of settings, and what the last one may say."""

from __future__ import annotations

from pathlib import Path

import pytest

from pusher.errors import ConfigError
from pusher.project.facade import LoadOptions, Project
from tests.push.support import Shop


def test_run_setting_wins_and_has_the_type_of_the_profile(tmp_path: Path) -> None:
    """`--set` replaces the profile's value, a number as a number and an id as text."""
    shop = Shop(tmp_path / "shop", concurrency=4)
    overrides = {"concurrency": "2", "requests_per_second": "2.5", "event_set_id": "1234567890123456789"}
    overrides["preflight"] = "false"

    account = Project.load(LoadOptions(project_dir=shop.root, overrides=overrides)).account

    assert account.settings.values["concurrency"] == 2
    assert account.settings.values["requests_per_second"] == 2.5
    assert account.settings.values["event_set_id"] == "1234567890123456789"
    assert account.settings.values["preflight"] is False


def test_unknown_run_setting_is_refused_with_the_nearest_name(tmp_path: Path) -> None:
    """A misspelt key of `--set` never goes unnoticed."""
    shop = Shop(tmp_path / "shop")

    with pytest.raises(ConfigError) as caught:
        Project.load(LoadOptions(project_dir=shop.root, overrides={"concurency": "2"}))

    assert [(problem.message, problem.fix) for problem in caught.value.problems] == [
        ("--set: unknown setting `concurency`.", "Did you mean `concurrency`?")
    ]
