"""The developer app: from the environment or the keyring, never anywhere else."""

from __future__ import annotations

import pytest

from pusher.credentials import application
from pusher.errors import ConfigError
from tests.credentials.support import OwnKeyring, using


def test_both_halves_come_from_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """Blanks around them are not theirs, and the secret shows in no repr."""
    monkeypatch.setenv("TIKTOK_APP_ID", " 7123456789\n")
    monkeypatch.setenv("TIKTOK_APP_SECRET", "s3cr3t\n")
    found = application()
    assert (found.app_id, found.secret.reveal(), "s3cr3t" in repr(found)) == ("7123456789", "s3cr3t", False)


def test_a_half_that_the_environment_lacks_comes_from_the_keyring(monkeypatch: pytest.MonkeyPatch) -> None:
    """Under the names that the manual gives."""
    backend = OwnKeyring()
    backend.set_password("tiktok-pusher", "app-id", "1")
    backend.set_password("tiktok-pusher", "app-secret", "kept")
    monkeypatch.setenv("TIKTOK_APP_ID", "7123456789")
    with using(backend):
        found = application()
    assert (found.app_id, found.secret.reveal()) == ("7123456789", "kept")


def test_what_is_missing_is_told_with_every_place(monkeypatch: pytest.MonkeyPatch) -> None:
    """Both halves at once."""
    monkeypatch.setenv("TIKTOK_APP_ID", "")
    with pytest.raises(ConfigError) as caught:
        application()
    where = "Both stand on the app's page in TikTok's developer portal (My Apps)."
    assert [(problem.message, problem.fix) for problem in caught.value.problems] == [
        (
            "There is no id of a developer app.",
            f"Set TIKTOK_APP_ID, or put it into the keyring: `keyring set tiktok-pusher app-id`. {where}",
        ),
        (
            "There is no secret of a developer app.",
            f"Set TIKTOK_APP_SECRET, or put it into the keyring: `keyring set tiktok-pusher app-secret`. {where}",
        ),
    ]


@pytest.mark.parametrize("app_id", ["my app", "12x", "٣"])
def test_an_id_is_a_number(monkeypatch: pytest.MonkeyPatch, app_id: str) -> None:
    """Mostly the app's name, or its secret: it is not repeated."""
    monkeypatch.setenv("TIKTOK_APP_ID", app_id)
    monkeypatch.setenv("TIKTOK_APP_SECRET", "s3cr3t")
    with pytest.raises(ConfigError) as caught:
        application()
    assert [problem.message for problem in caught.value.problems] == ["The id of the developer app is not a number."]
