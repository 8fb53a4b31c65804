"""How values reach `pusher forget`: from a pipe or a terminal, never as an argument, and never shown."""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path

import pytest

from tests.cli.forgetting import EMAIL, NUMBER, PHONE, PLAIN, People, leaks
from tests.push.members import AudienceServer
from tests.push.support import NOW

NO_ARGUMENT = "forget takes only the options of `pusher forget --help`; a value is never an argument."


def test_lines_that_cannot_be_read_are_told_by_number(tmp_path: Path, server: AudienceServer) -> None:
    """The others are forgotten all the same; a national number needs its country."""
    shop = People(tmp_path / "shop", server.base_url)
    mixed = shop.forget(f"{EMAIL}\n020 7946 0123\nno number\n", "--stdin", "--json")
    british = shop.forget("020 7946 0123\n", "--stdin", "--json", "--country", "GB")
    nobody = shop.forget("no number\n", "--stdin", "--json")

    assert (mixed.returncode, json.loads(mixed.stdout)["unusable_lines"]) == (1, [2, 3])
    assert [json.loads(one.stdout)["given"] for one in (mixed, british, nobody)] == [{"email": 1}, {"phone": 1}, {}]
    assert (british.returncode, json.loads(british.stdout)["new"]) == (0, 1)
    assert (nobody.returncode, [one["code"] for one in json.loads(nobody.stdout)["errors"]]) == (2, ["no-value"])
    assert shop.ledger("select digest from suppressed where id_schema = 'PHONE_SHA256'") == [(NUMBER,)]


@pytest.mark.parametrize(
    ("text", "arguments", "message"),
    [
        ("", ("--stdin",), "There is no value."),
        (EMAIL, (), "forget reads a pipe or file with --stdin only."),
        ("", ("--stdin", EMAIL), NO_ARGUMENT),
        (EMAIL, ("--stdin", "--country", "Germany"), "--country is an ISO 3166 code."),
    ],
)
def test_values_come_from_stdin_only(
    tmp_path: Path, server: AudienceServer, text: str, arguments: tuple[str, ...], message: str
) -> None:
    """What is wrong with the command is said without the value, and nothing is suppressed."""
    shop = People(tmp_path / "shop", server.base_url)
    done = shop.forget(text, *arguments, "--json")

    assert (done.returncode, json.loads(done.stdout)["errors"][0]["message"]) == (2, message)
    assert leaks({"e-mail": EMAIL}, done.stdout, done.stderr) == []
    assert not shop.state.ledger.exists()


def test_a_terminal_asks_until_nothing_is_typed(tmp_path: Path, server: AudienceServer) -> None:
    """Without a pipe each value is asked for and not shown, and the last answer is empty."""
    import pty

    shop = People(tmp_path / "shop", server.base_url)
    child, terminal = pty.fork()
    if child == 0:
        words = ["-m", "pusher", "forget", "--project-dir", str(shop.root), "--clock", NOW.isoformat()]
        os.execv(sys.executable, [sys.executable, *words])  # noqa: S606 -- the program itself
    shown = b""
    for typed in (EMAIL, PHONE, ""):
        asked = shown.count(b"empty to end): ")
        while shown.count(b"empty to end): ") == asked:
            shown += os.read(terminal, 1024)
        os.write(terminal, typed.encode() + b"\n")
    try:
        while part := os.read(terminal, 1024):
            shown += part
    except OSError:
        # How Linux says that the other side is gone.
        pass
    _, status = os.waitpid(child, 0)

    assert os.waitstatus_to_exitcode(status) == 0
    assert leaks({"e-mail": EMAIL, "phone": PHONE, "digest": PLAIN}, shown) == []
    assert shop.ledger("select count(*) from suppressed") == [(3,)]
