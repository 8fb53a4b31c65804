"""`pusher explain` takes a value from a pipe or a terminal only, and shows and keeps it nowhere."""

from __future__ import annotations

import io
import os
import sys
from pathlib import Path

import pytest

from pusher.project.explaining import KINDS, Explained, Step
from tests.cli.conftest import pusher
from tests.cli.explain.explaining import CANARY, SENT, Explain, sha256


def kept(root: Path) -> set[str]:
    """Return the files that hold the value, in any case."""
    return {str(path) for path in root.rglob("*") if path.is_file() and b"canary.seven" in path.read_bytes().lower()}


def test_a_pipe_gets_the_digest_and_no_value(explain: Explain) -> None:
    """Each step says whether it changed something."""
    ran = explain("email", f"{CANARY}\r\n")
    assert (ran.code, ran.err, ran.out.splitlines()) == (
        0,
        "",
        [
            "1. without blanks and invisible characters",
            "   unchanged, not shown",
            "2. one address, in lower case",
            "   changed, not shown",
            "3. SHA-256",
            f"   {sha256(CANARY.lower())}",
            f"4. {SENT}",
            f"   {sha256(CANARY.lower())}",
        ],
    )


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("words", [(), ("--json",), ("--reveal",), ("--reveal", "--json")])
def test_the_value_is_kept_in_no_file(
    explain: Explain, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, kind: str, words: tuple[str, ...]
) -> None:
    """Not in the project, its state, its target folder, the home folder or the folder for temporary files."""
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    ran = explain(kind, CANARY, *words)
    assert kept(tmp_path) == set()
    assert ("--reveal" in words) or "canary" not in (ran.out + ran.err).lower()
    assert not (explain.root / ".pusher").exists()
    assert not (explain.root / "target").exists()


WORDS: dict[str, tuple[str, ...]] = {
    "as an argument": ("email", CANARY),
    "as several": ("email", "Canary.Seven", "Lane"),
    "as the kind": (CANARY,),
    "as an option": ("email", f"--value={CANARY}"),
    "as an option's value": ("email", "--email", CANARY),
    "as the country": ("phone", "--country", CANARY),
    "as the state": ("email", "--state", CANARY),
}


@pytest.mark.parametrize("json", [(), ("--json",)])
@pytest.mark.parametrize("case", WORDS)
def test_a_value_on_the_command_line_is_refused_and_not_repeated(shop: Path, case: str, json: tuple[str, ...]) -> None:
    """Wherever it stands: other users and the shell's history have seen it already."""
    ran = pusher("explain", *WORDS[case], "--project-dir", str(shop), *json)
    assert (ran.code, "canary" in (ran.out + ran.err).lower(), kept(shop)) == (2, False, set())


BAD: dict[str, tuple[bytes, str]] = {
    "two lines": (b"canary.seven@shop.example\nb@shop.example\n", "stdin has more than one line."),
    "latin 1": (b"canary.seven@sh\xf6p.example", "The value is not UTF-8."),
    "a file": (b"canary.seven" * 10_000, "The value is longer than 65,536 bytes."),
}


@pytest.mark.parametrize("case", BAD)
def test_what_is_not_one_value_is_refused(explain: Explain, case: str) -> None:
    """The words name what is wrong, never the value."""
    given, message = BAD[case]
    ran = explain("email", given, "--json")
    fix = "Type one value when asked, or pipe one line into the command."
    assert (ran.code, ran.json["errors"], ran.err) == (
        2,
        [{"code": "no-value", "message": message, "file": None, "line": None, "column": None, "fix": fix}],
        "",
    )


def test_no_value_is_in_the_text_of_an_object() -> None:
    """A traceback, a log or a debugger prints objects."""
    found = Explained("email", (Step("as it is", CANARY),), None)
    assert "canary" not in repr(found).lower()


def at_a_terminal(shop: Path, typed: bytes) -> tuple[int, str]:
    """Type a value when asked; returns the exit code and what the terminal shows after that."""
    import pty

    child, terminal = pty.fork()
    if child == 0:
        words = ["-m", "pusher", "explain", "email", "--project-dir", str(shop), "--quiet", "--no-color"]
        os.execv(sys.executable, [sys.executable, *words])  # noqa: S606 -- the program itself
    shown = b""
    while b"(hidden): " not in shown:
        shown += os.read(terminal, 1024)
    os.write(terminal, typed + b"\n")
    after = b""
    try:
        while part := os.read(terminal, 1024):
            after += part
    except OSError:
        pass
    _, status = os.waitpid(child, 0)
    return os.waitstatus_to_exitcode(status), after.decode().replace("\r\n", "\n")


def test_a_terminal_hides_what_is_typed_and_shows_the_steps(shop: Path) -> None:
    """The prompt does not echo; the steps are printed to the one who typed."""
    code, text = at_a_terminal(shop, CANARY.encode())
    assert (code, text.splitlines()[0]) == (0, "")
    assert text.splitlines()[1:5] == [
        "1. without blanks and invisible characters",
        f"   {CANARY}",
        "2. one address, in lower case",
        f"   {CANARY.lower()}",
    ]


def test_a_terminal_of_another_encoding_is_told_so(shop: Path) -> None:
    """As a pipe is."""
    code, text = at_a_terminal(shop, b"canary.seven@sh\xf6p.example")
    assert (code, text.splitlines()[0]) == (2, "error: The value is not UTF-8.")
    assert "canary" not in text.lower()


def test_a_terminal_that_gives_half_a_character_is_told_so(explain: Explain, monkeypatch: pytest.MonkeyPatch) -> None:
    """Python keeps a byte that is no text as a surrogate, in the C locale for one."""
    monkeypatch.setattr("getpass.getpass", lambda _: "canary.seven@sh\udcf6p.example")
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(_Terminal()))
    ran = pusher("explain", "email", "--project-dir", str(explain.root))
    assert (ran.code, ran.err.splitlines()[0]) == (2, "error: The value is not UTF-8.")


class _Terminal(io.BytesIO):
    def isatty(self) -> bool:
        return True
