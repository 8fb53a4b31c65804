"""Credentials on disk and in the keyring: private, whole, and never in a project."""

from __future__ import annotations

import json
import os
import stat
import sys
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import datetime, timedelta
from functools import partial
from pathlib import Path

import pytest

from pusher.credentials import FILE, KEYRING, CredentialStore, credentials_folder, why_no_keyring
from pusher.errors import ConfigError, Problem
from tests.credentials.support import GRANTED, TOKEN, AbsentKeyring, OwnKeyring, PlainKeyring, credential, using

LATER = GRANTED + timedelta(days=3)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder that is not there yet."""
    return tmp_path / "config" / "pusher"


@pytest.fixture
def store(folder: Path) -> CredentialStore:
    """A store whose tokens go into the file."""
    return CredentialStore(folder, place=FILE)


def refused(work: Callable[[], object]) -> Problem:
    """Return the one problem of what is refused; no message holds the token."""
    with pytest.raises(ConfigError) as caught:
        work()
    (problem,) = caught.value.problems
    assert TOKEN not in repr(problem)
    return problem


def mode(path: Path) -> int:
    """Return the permissions of a path."""
    return stat.S_IMODE(path.stat().st_mode)


def test_a_credential_comes_back_as_it_was_kept(store: CredentialStore) -> None:
    """Every fact and the token."""
    kept = credential()
    store.put(kept)
    found = store.get("default")
    assert found is not None
    assert (found, found.token.reveal(), store.names(), store.place_of("default")) == (kept, TOKEN, ["default"], FILE)


def test_the_file_is_the_one_of_the_formats_page(store: CredentialStore) -> None:
    """What others may read is written down."""
    store.put(credential())
    assert json.loads(store.path.read_text("utf-8")) == {
        "schema_version": 1,
        "credentials": {
            "default": {
                "description": "Northwind, all accounts",
                "kind": "oauth",
                "app_id": "7123456789",
                "advertisers": [{"id": "7654321098765432109", "name": "Northwind"}],
                "scopes": ["30", "31", "7224195155857866754"],
                "granted_at": "2026-11-01T08:30:00Z",
                "last_used_at": None,
                "store": "file",
                "token": TOKEN,
            }
        },
    }


def test_file_and_folder_are_private_whatever_the_umask(store: CredentialStore, folder: Path) -> None:
    """0600 in 0700, the lock too."""
    before = os.umask(0)
    try:
        store.put(credential())
    finally:
        os.umask(before)
    assert (mode(folder), {path.name: mode(path) for path in folder.iterdir()}) == (
        0o700,
        {"credentials.json": 0o600, "credentials.lock": 0o600},
    )


def test_a_token_shows_in_no_repr(store: CredentialStore) -> None:
    """Tracebacks print values."""
    store.put(credential())
    assert TOKEN not in repr(store.get("default"))


@pytest.mark.parametrize("bits", [0o640, 0o604, 0o660, 0o622])
def test_a_file_that_others_may_open_is_refused(store: CredentialStore, bits: int) -> None:
    """Read and write alike; the fix says what to do, also about the token."""
    store.put(credential())
    store.path.chmod(bits)
    problem = refused(lambda: store.get("default"))
    assert (problem.code, problem.message, problem.fix) == (
        "credentials-mode",
        f"credentials.json is open to others (mode {bits:04o}), so no token is read from it or kept in it.",
        f"Run `chmod 600 {store.path}`. If others could have read a token, revoke it: `pusher auth revoke`.",
    )


def test_a_folder_that_others_may_open_is_refused(store: CredentialStore, folder: Path) -> None:
    """For reading and for keeping, before anything is written."""
    folder.mkdir(parents=True)
    folder.chmod(0o755)
    kept = refused(lambda: store.put(credential()))
    assert (kept.code, list(folder.iterdir())) == ("credentials-mode", [])
    folder.chmod(0o700)
    store.put(credential())
    folder.chmod(0o750)
    assert refused(store.names).fix == (
        f"Run `chmod 700 {folder}`. If others could have read a token, revoke it: `pusher auth revoke`."
    )


def test_a_link_is_refused(store: CredentialStore, tmp_path: Path) -> None:
    """Somebody else may choose where it leads."""
    store.put(credential())
    elsewhere = tmp_path / "elsewhere.json"
    store.path.rename(elsewhere)
    store.path.symlink_to(elsewhere)
    assert refused(store.names).message.startswith("credentials.json is a link")


def test_a_file_of_another_user_is_refused(store: CredentialStore, monkeypatch: pytest.MonkeyPatch) -> None:
    """As on a machine that root shares."""
    store.put(credential())
    monkeypatch.setattr("os.geteuid", lambda: store.path.stat().st_uid + 1)
    assert refused(store.names).fix == "Authorise as the user who runs pusher."


def test_credentials_are_never_kept_inside_a_project(tmp_path: Path) -> None:
    """From there they get into version control; a link does not help."""
    (tmp_path / "shop").mkdir()
    (tmp_path / "shop" / "dbt_project.yml").write_text("name: shop\n")
    (tmp_path / "link").symlink_to(tmp_path / "shop")
    for folder in (tmp_path / "shop", tmp_path / "shop" / "deep" / "down", tmp_path / "link" / "deep"):
        inside = CredentialStore(folder, place=FILE)
        assert refused(partial(inside.put, credential())).code == "credentials-in-project"
        assert refused(inside.check).code == "credentials-in-project"
    assert sorted(path.name for path in (tmp_path / "shop").iterdir()) == ["dbt_project.yml"]


@pytest.mark.parametrize(
    "text",
    [
        "",
        "{",
        "[]",
        "null",
        '{"schema_version": 1}',
        '{"schema_version": 1, "credentials": []}',
        '{"schema_version": 1, "credentials": {"a": {}}}',
        '{"schema_version": 1, "credentials": {"a b": {}}}',
        '{"schema_version": 1, "credentials": {"a": {"store": "file", "token": 5}}}',
    ],
)
def test_a_damaged_file_is_refused_and_left_alone(store: CredentialStore, text: str) -> None:
    """Nothing is overwritten that may hold the only copy of a token."""
    store.put(credential())
    store.path.write_text(text)
    assert refused(store.names).message == "The file of credentials is damaged."
    assert refused(lambda: store.put(credential("other"))).code == "credentials-file"
    assert store.path.read_text() == text


def test_a_file_of_a_later_version_is_refused(store: CredentialStore) -> None:
    """It may hold what this version would lose."""
    store.put(credential())
    store.path.write_text('{"schema_version": 2, "credentials": {}}')
    assert refused(store.names).fix == "Install that version again."


@pytest.mark.parametrize("name", ["", "a b", "../up", "-x", "ü", "a" * 65])
def test_a_name_has_a_form(store: CredentialStore, name: str) -> None:
    """It stands in settings, in commands and in the keyring."""
    assert refused(lambda: store.put(credential(name))).code == "credential-name"


def test_what_is_removed_is_gone(store: CredentialStore) -> None:
    """The token is in no file; removing again does nothing."""
    store.put(credential())
    store.put(credential("other", "another-token-123"))
    store.remove("default")
    store.remove("default")
    assert (store.names(), store.get("default"), store.place_of("default")) == (["other"], None, None)
    assert all(TOKEN.encode() not in path.read_bytes() for path in store.path.parent.iterdir())


def test_the_last_use_is_noted(store: CredentialStore) -> None:
    """At the credential that was used, and nowhere else."""
    store.put(credential())
    store.put(credential("other"))
    store.used("default", LATER)
    assert (store.get("default"), store.get("other")) == (
        replace(credential(), last_used_at=LATER),
        credential("other"),
    )


def test_a_use_that_cannot_be_noted_stops_nothing(store: CredentialStore, folder: Path) -> None:
    """No credential, a damaged file, no file at all."""
    store.used("default", LATER)
    assert not folder.exists()
    store.put(credential())
    store.used("other", LATER)
    store.path.write_text("{")
    store.used("default", LATER)
    assert store.path.read_text() == "{"


def test_many_writers_lose_nothing(store: CredentialStore, folder: Path) -> None:
    """Pushes note uses while somebody logs in."""
    store.put(credential())

    def work(number: int) -> None:
        own = CredentialStore(folder, place=FILE)
        own.put(credential(f"name-{number}"))
        own.used("default", LATER)

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(work, range(24)))
    assert store.names() == sorted(["default", *(f"name-{number}" for number in range(24))])


def test_what_a_killed_process_left_is_no_obstacle(store: CredentialStore) -> None:
    """Also when somebody could read it."""
    store.put(credential())
    left = store.path.with_name("credentials.json.tmp")
    left.write_text("half")
    left.chmod(0o666)
    store.put(credential("other"))
    assert (store.names(), left.exists(), mode(store.path)) == (["default", "other"], False, 0o600)


def test_a_disk_that_refuses_is_told(store: CredentialStore, folder: Path) -> None:
    """With the place and what to do."""
    folder.parent.write_text("a file where the folder would be")
    problem = refused(lambda: store.put(credential()))
    assert (problem.code, problem.file) == ("credentials-file", store.path.as_posix())


def test_the_folder_is_that_of_the_user(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Its own variable, the one of the desktop, the home."""
    monkeypatch.setenv("HOME", str(tmp_path))
    chosen = credentials_folder()
    monkeypatch.setenv("PUSHER_CREDENTIALS_DIR", "~/elsewhere")
    moved = credentials_folder()
    monkeypatch.delenv("PUSHER_CREDENTIALS_DIR")
    home = credentials_folder()
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "xdg"))
    assert (chosen, moved, home, credentials_folder()) == (
        Path("/nonexistent/credentials"),
        tmp_path / "elsewhere",
        tmp_path / ".config" / "pusher",
        tmp_path / "xdg" / "pusher",
    )


def test_a_user_without_a_home_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    """As in containers with a made-up user."""

    def no_home() -> Path:
        raise RuntimeError("Could not determine home directory.")

    monkeypatch.delenv("PUSHER_CREDENTIALS_DIR")
    monkeypatch.setattr("pathlib.Path.home", no_home)
    assert refused(credentials_folder).fix == "Set PUSHER_CREDENTIALS_DIR to a private folder."


def test_with_a_keyring_no_token_is_in_any_file(folder: Path) -> None:
    """The file has the facts, the keyring the token."""
    backend = OwnKeyring()
    with using(backend):
        assert why_no_keyring() is None
        store = CredentialStore(folder)
        store.check()
        store.put(credential())
        found = store.get("default")
        place = store.place_of("default")
    assert found is not None
    assert (found, found.token.reveal(), place) == (credential(), TOKEN, KEYRING)
    assert backend.entries == {("tiktok-pusher", "token:default"): TOKEN}
    assert all(TOKEN.encode() not in path.read_bytes() for path in folder.iterdir())


def test_facts_are_read_without_the_keyring(folder: Path) -> None:
    """Its owner is asked only when a token is sent; a use is noted without it too."""
    backend = OwnKeyring()
    with using(backend):
        store = CredentialStore(folder)
        store.put(credential())
        backend.is_locked = True
        store.used("default", LATER)
        found = store.get("default", with_token=False)
        problem = refused(lambda: store.get("default"))
    assert found == replace(credential(), last_used_at=LATER)
    assert not found.token
    assert (problem.code, problem.message, problem.fix) == (
        "keyring",
        "The keyring refused to read an entry: KeyringLocked.",
        "Unlock the keyring, then try again.",
    )


def test_a_token_that_the_keyring_lost_is_told(folder: Path) -> None:
    """Somebody emptied it."""
    backend = OwnKeyring()
    with using(backend):
        store = CredentialStore(folder)
        store.put(credential())
        backend.entries.clear()
        problem = refused(lambda: store.get("default"))
        store.remove("default")
        assert store.names() == []
    assert problem.fix == "Authorise again: `pusher auth login --name default`."


def test_a_token_stands_in_one_place_only(folder: Path) -> None:
    """Whoever chooses another place takes it out of the first one; removing takes it out of either."""
    backend = OwnKeyring()
    with using(backend):
        CredentialStore(folder).put(credential())
        in_file = CredentialStore(folder, place=FILE)
        in_file.put(credential(token="another-token-123"))  # noqa: S106 -- made up
        after_file = (dict(backend.entries), in_file.place_of("default"))
        CredentialStore(folder).put(credential())
        after_keyring = (dict(backend.entries), in_file.place_of("default"), TOKEN in in_file.path.read_text())
        CredentialStore(folder).remove("default")
    assert after_file == ({}, FILE)
    assert after_keyring == ({("tiktok-pusher", "token:default"): TOKEN}, KEYRING, False)
    assert backend.entries == {}


def test_a_locked_keyring_is_noticed_before_there_is_a_token(folder: Path) -> None:
    """`check` writes there and takes it out again."""
    backend = OwnKeyring()
    with using(backend):
        store = CredentialStore(folder)
        store.check()
        assert backend.entries == {}
        backend.is_locked = True
        assert refused(store.check).message == "The keyring refused to write an entry: KeyringLocked."


@pytest.mark.parametrize("backend", [PlainKeyring(), AbsentKeyring()])
def test_a_keyring_that_keeps_plain_text_or_does_not_work_is_none(backend: OwnKeyring, folder: Path) -> None:
    """The library itself does not recommend it."""
    with using(backend):
        problem = refused(lambda: CredentialStore(folder).put(credential()))
    assert (problem.code, problem.message) == (
        "no-keyring",
        "There is no keyring: this system has no keyring that is open to programs.",
    )


def test_without_the_extra_there_is_no_keyring(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A plain installation."""
    monkeypatch.setitem(sys.modules, "keyring", None)
    assert refused(lambda: CredentialStore(folder).put(credential())).message == (
        "There is no keyring: the extra tiktok-pusher[keyring] is not installed."
    )


def test_moments_have_no_zone_and_no_fraction(store: CredentialStore) -> None:
    """UTC, to the second."""
    at = datetime(2026, 11, 2, 3, 4, 5, 678)  # noqa: DTZ001 -- naive UTC, as stored
    store.put(credential(granted_at=at))
    found = store.get("default")
    assert found is not None
    assert found.granted_at == at.replace(microsecond=0)
