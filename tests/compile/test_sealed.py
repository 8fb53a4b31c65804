"""What is kept beside a project counts only when this user's pusher of this version wrote it."""

from __future__ import annotations

import json
import os
import stat
from collections.abc import Callable
from pathlib import Path

import pytest

from pusher.compile import KeptRenders, kept, load, sealed
from pusher.config import load_project_file
from tests.compile.support import STARTED, profile, write

FILES = {"models/m.sql": "select {{ 1 + 1 }} as id, '{{ env_var('SHOP', '') }}' as shop"}


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return the folder of the user's caches."""
    folder = tmp_path / "caches"
    monkeypatch.setenv("XDG_CACHE_HOME", str(folder))
    return folder


@pytest.fixture
def root(tmp_path: Path, home: Path) -> Path:
    """Return a project of which everything is kept."""
    assert not home.exists()
    root = write(tmp_path / "shop", FILES)
    (root / "target").mkdir()
    compile_(root)
    return root


def compile_(root: Path) -> int:
    """Compile a project and keep what it renders to; return how much was known before."""
    found = KeptRenders.open(root / "target" / kept.FILE)
    if found is None:
        return -1
    known = len(found.renders)
    load(load_project_file(root), profile(root), vars={}, run_started_at=STARTED, kept=found)
    found.write()
    return known


def test_key_and_file_are_for_their_user_only(root: Path, home: Path) -> None:
    """Whatever the umask: they hold texts of models and what seals them."""
    modes = [stat.S_IMODE(path.stat().st_mode) for path in (home / "pusher/seal.key", root / "target" / kept.FILE)]

    assert modes == [0o600, 0o600]
    assert [path.name for path in (*(home / "pusher").iterdir(), *(root / "target").iterdir())] == [
        "seal.key",
        kept.FILE,
    ]
    assert compile_(root) == 2


def _edit(root: Path, _home: Path) -> None:
    path = root / "target" / kept.FILE
    path.write_bytes(path.read_bytes().replace(b"select 2", b"select 3"))


def _cut(root: Path, _home: Path) -> None:
    path = root / "target" / kept.FILE
    path.write_bytes(path.read_bytes()[:-9])


def _empty(root: Path, _home: Path) -> None:
    (root / "target" / kept.FILE).write_bytes(b"")


def _seal_of_another(_root: Path, home: Path) -> None:
    (home / "pusher/seal.key").write_bytes(bytes(32))


def _without_seal(root: Path, _home: Path) -> None:
    path = root / "target" / kept.FILE
    path.write_bytes(path.read_bytes().partition(b"\n")[2])


@pytest.mark.parametrize("harm", [_edit, _cut, _empty, _seal_of_another, _without_seal])
def test_a_file_that_somebody_else_wrote_counts_as_none(
    root: Path, home: Path, harm: Callable[[Path, Path], None]
) -> None:
    """As one that came with a pull request would; the next run writes it anew."""
    harm(root, home)

    assert compile_(root) == 0
    assert compile_(root) == 2


def test_another_version_of_pusher_begins_anew(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """And so does another code of the same version."""
    monkeypatch.setattr(sealed, "__version__", "0.0.0")
    sealed.code_versions.cache_clear()
    try:
        assert compile_(root) == 0
    finally:
        sealed.code_versions.cache_clear()


@pytest.mark.parametrize("what", ["open", "link", "short"])
def test_a_key_that_is_not_private_is_not_used(root: Path, home: Path, what: str) -> None:
    """Then nothing is kept, and nothing that was kept is used."""
    key = home / "pusher/seal.key"
    if what == "open":
        key.chmod(0o640)
    elif what == "link":
        key.rename(home / "other.key")
        key.symlink_to(home / "other.key")
    else:
        os.truncate(key, 31)

    assert compile_(root) == -1


def test_without_a_place_for_a_key_nothing_is_kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A home that is a file, as good as one that cannot be written, is no error."""
    (tmp_path / "home").write_text("", encoding="utf-8")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "home"))

    assert compile_(write(tmp_path / "shop", FILES)) == -1


def test_a_folder_that_refuses_a_file_is_no_error(root: Path) -> None:
    """What is compiled is compiled all the same."""
    (root / "target" / kept.FILE).unlink()
    (root / "target" / kept.FILE).mkdir()

    assert compile_(root) == 0
    assert [path.name for path in (root / "target").iterdir()] == [kept.FILE]


def test_values_are_kept_as_digests_of_this_user(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody without the key finds out what a variable holds by trying, unless the template itself writes it."""
    models = {"models/m.sql": "select {{ 1 if env_var('SHOP') == 'corner' and var('shop', '') else 2 }}"}
    monkeypatch.setenv("SHOP", "corner")
    write(root, models)
    compile_(root)
    body = (root / "target" / kept.FILE).read_bytes().partition(b"\n")[2]

    said = [question for _, entry in json.loads(body)["renders"].values() for question in entry["asked"]]

    assert [question[:2] for question in said if question[0] == "env_var" and len(question[2]) == 64][-1:] == [
        ["env_var", ["SHOP"]]
    ]
    assert b"corner" not in body


def test_what_holds_a_secret_is_not_kept(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Also when another variable has the value of a secret, in whichever letters JSON writes it."""
    monkeypatch.setenv("SHOP", 'so-"secret"')
    monkeypatch.setenv("SHOP_TOKEN", 'so-"secret"')

    compile_(root)

    assert b"so-" not in (root / "target" / kept.FILE).read_bytes()


def test_a_folder_that_is_not_there_is_not_made(tmp_path: Path) -> None:
    """A command that only shows something writes nothing."""
    root = write(tmp_path / "shop", FILES)

    compile_(root)

    assert not (root / "target").exists()


def test_what_is_no_longer_used_goes_in_time(root: Path) -> None:
    """A text that comes back soon is still known; one that stays away for twenty changes is not."""
    texts = [f"select {number} as id, '{{{{ env_var('SHOP', '') }}}}' as shop" for number in range(40)]
    for text in texts:
        write(root, {"models/m.sql": text})
        compile_(root)

    # What is known of the macros, the text as it is, and twenty before it.
    assert compile_(root) == 22
