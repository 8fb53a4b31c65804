"""Files for one user, whatever the umask of the shell; no image of the memory; no value in a traceback."""

from __future__ import annotations

import os
import stat
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.canaries import EMAIL, PHONE, TOKEN, found_in
from tests.cli.conftest import Shop, pusher


def run(root: Path, *words: str) -> subprocess.CompletedProcess[str]:
    """Run a command in a process whose shell lets everybody read and write everything."""
    command = [sys.executable, "-m", "pusher", *words]
    return subprocess.run(command, cwd=root, umask=0, capture_output=True, text=True, timeout=120, check=False)


def open_to_others(root: Path, before: set[Path]) -> Iterator[tuple[str, str]]:
    """Yield each file and folder that was made and that others may use."""
    for path in sorted(set(root.rglob("*")) - before):
        mode = stat.S_IMODE(path.lstat().st_mode)
        if mode & 0o077 and not path.is_symlink():
            yield path.relative_to(root).as_posix(), oct(mode)


def test_everything_that_commands_write_is_for_their_user_only(shop: Shop) -> None:
    """Warehouse, compiled SQL and artifacts, state, outbox, keys, quarantine, sandbox and pages, by a walk over all."""
    root = shop.root
    before = set(root.rglob("*"))
    run(root, "lint", "--pii", "--html", "privacy.html")
    run(root, "compile")
    assert run(root, "build").returncode == 0
    assert run(root, "push").returncode == 1
    assert run(root, "report", "--html", "page.html").returncode == 0
    written = {path.relative_to(root).parts[0] for path in set(root.rglob("*")) - before}
    assert written >= {".pusher", "shop.duckdb", "target", "page.html"}
    assert list(open_to_others(root, before)) == []


def test_a_new_project_is_for_its_user_only(tmp_path: Path) -> None:
    """`pusher init` writes a profile that will hold settings of the account, and sample data."""
    assert run(tmp_path, "init", "new").returncode == 0
    assert list(open_to_others(tmp_path, set())) == []


def test_a_sandbox_that_is_served_keeps_its_state_to_its_user(tmp_path: Path) -> None:
    """Its file holds what was sent to it."""
    command = [sys.executable, "-m", "pusher", "sandbox", "--port", "0", "--state", "deep/er/sandbox.sqlite"]
    served = subprocess.Popen(command, cwd=tmp_path, umask=0, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    try:
        assert served.stdout is not None
        assert served.stdout.readline().startswith("http://127.0.0.1:")
        assert list(open_to_others(tmp_path, set())) == []
    finally:
        served.terminate()
        served.communicate(timeout=30)


_AFTER_MAIN = """
import atexit, subprocess, sys
from pusher.cli import main
child = "import os, resource; print(resource.getrlimit(resource.RLIMIT_CORE), oct(os.umask(0)))"
atexit.register(lambda: print(subprocess.check_output([sys.executable, "-c", child], text=True)))
main()
"""


def test_no_image_of_the_memory_is_left_behind(tmp_path: Path) -> None:
    """A crash writes no core file, in child processes neither, and they write private files too."""
    command = [sys.executable, "-c", _AFTER_MAIN, "--version"]
    ran = subprocess.run(command, cwd=tmp_path, umask=0, capture_output=True, text=True, timeout=60, check=True)
    assert ran.stdout.splitlines()[1:2] == ["(0, 0) 0o77"]


@pytest.mark.parametrize("words", [("ls",), ("ls", "--json"), ("lint", "--quiet"), ("build",), ("push",)])
def test_a_traceback_holds_no_value(shop: Shop, words: tuple[str, ...], monkeypatch: pytest.MonkeyPatch) -> None:
    """A defect is shown with its lines of code: no local variable, and what the error quotes is taken out."""

    def broken(*_: object, **__: object) -> None:
        somebody, token = EMAIL, TOKEN
        raise KeyError(f"{PHONE} of {token}") from ValueError(f"cannot read {somebody!r}")

    monkeypatch.setattr("pusher.project.facade.Project.load", broken)
    ran = shop(*words)
    shown = (ran.code, "Traceback" in ran.err, "[e-mail]" in ran.err, "somebody, token = EMAIL" in ran.err)
    assert (shown, found_in((ran.out + ran.err).encode())) == ((70, True, True, False), [])


_DEFECT = """
import sys, pusher.cli.app
from pusher.cli import main
def broken(words):
    raise ValueError("of " + sys.stdin.read())
pusher.cli.app.run = broken
main()
"""


def test_a_defect_outside_every_command_holds_no_value_either() -> None:
    """What Python itself would print goes the same way."""
    command = [sys.executable, "-c", _DEFECT, "ls"]
    ran = subprocess.run(command, input=EMAIL, capture_output=True, text=True, timeout=60, check=False)
    last = ran.stderr.strip().splitlines()[-1]
    assert (ran.returncode, ran.stdout, last) == (70, "", "ValueError: of [e-mail]")


TYPED = [("push", "--token", TOKEN), ("push", f"--access-token={TOKEN}"), ("debug", TOKEN), ("debug", TOKEN, "--json")]


@pytest.mark.parametrize("words", TYPED)
def test_no_command_takes_a_token_as_an_argument(shop: Shop, words: tuple[str, ...]) -> None:
    """Other users and the history of the shell see a command line; a wrong one is not repeated."""
    ran = shop(*words)
    assert (ran.code, TOKEN in ran.out + ran.err) == (2, False)


def test_a_setting_of_the_run_takes_no_token(shop: Shop) -> None:
    """`--set access_token=...` is refused without being repeated."""
    ran = shop("push", "--set", f"access_token={TOKEN}")
    assert (ran.code, TOKEN in ran.out + ran.err) == (2, False)


def test_no_option_of_any_command_is_for_a_token() -> None:
    """A new command cannot bring one unnoticed."""
    from typer.main import get_command

    from pusher.cli.app import app

    def options(command: object, name: str) -> Iterator[str]:
        # A flag takes no value.
        for parameter in (one for one in getattr(command, "params", ()) if not getattr(one, "is_flag", False)):
            yield from (f"{name} {one}" for one in getattr(parameter, "opts", ()))
        for inner, one in getattr(command, "commands", {}).items():
            yield from options(one, f"{name} {inner}")

    found = list(options(get_command(app()), "pusher"))
    assert len(found) > 100
    assert [one for one in found if "token" in one or "secret" in one or "password" in one] == []


def test_secrets_of_the_profile_are_in_no_artifact(shop: Shop) -> None:
    """What models are compiled to, and everything else that is written, has no secret of profiles.yml."""
    assert TOKEN in (shop.root / "profiles.yml").read_text("utf-8")
    for words in (
        ("compile",),
        ("build",),
        ("push",),
        ("config", "offline"),
        ("config", "offline", "--json"),
        ("debug",),
    ):
        ran = shop(*words)
        assert TOKEN not in ran.out + ran.err
    written = [path for folder in ("target", ".pusher") for path in (shop.root / folder).rglob("*") if path.is_file()]
    assert len(written) > 5
    assert [path.name for path in written if TOKEN.encode() in path.read_bytes()] == []


def test_the_umask_of_a_caller_is_left_alone() -> None:
    """As a library pusher changes nothing of the process: only its own files are private, while they are made."""
    before = os.umask(0o022)
    try:
        assert pusher("--version").code == 0
        assert os.umask(0o022) == 0o022
    finally:
        os.umask(before)
