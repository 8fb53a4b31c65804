"""Where a token never is: no argument, no output, no file but the store."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import quote

import pytest

from pusher.cli import auth
from pusher.credentials import CredentialStore
from tests.authorising.support import Browser
from tests.cli.auth.support import BUILD, PUSH, SECRET, at, shop_at, stdin, stored_token
from tests.cli.conftest import pusher
from tests.credentials.support import TOKEN, credential
from tests.push.support import VIEW


def test_a_piped_token_is_never_shown(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without a place for it, it stays where it came from."""
    monkeypatch.setattr(auth, "_is_terminal", bool)
    stdin(monkeypatch, TOKEN)
    ran = pusher("auth", "login", "--token-stdin")
    assert (ran.code, TOKEN in ran.out + ran.err) == (2, False)


@pytest.mark.parametrize(
    "words",
    [(TOKEN,), ("--token", TOKEN), (f"--token={TOKEN}",), ("--token-stdin", TOKEN), ("--set", f"access_token={TOKEN}")],
)
@pytest.mark.parametrize("json_", [(), ("--json",)])
@pytest.mark.parametrize("command", ["login", "revoke", "logout", "status"])
def test_a_token_is_never_an_argument(command: str, words: tuple[str, ...], json_: tuple[str, ...]) -> None:
    """Other users see a command line; what was typed there is not repeated."""
    ran = pusher("auth", command, *words, *json_)
    assert (ran.code, TOKEN in ran.out + ran.err) == (2, False)
    assert "a token is never an argument" in ran.out + ran.err


def _forms(secret: str) -> Iterator[bytes]:
    """Yield a secret as it may be written somewhere."""
    raw = secret.encode()
    yield from (raw, raw.upper(), raw.hex().encode(), quote(secret, safe="").encode())
    yield from (base64.b64encode(raw).rstrip(b"="), base64.urlsafe_b64encode(raw).rstrip(b"="))
    yield hashlib.sha256(raw).hexdigest().encode()


def test_token_and_secret_are_in_no_byte_of_any_output_or_file(
    tmp_path: Path, base_url: str, browser: Browser, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Raw, in capitals, as hex, base64, in a URL or as its digest; but for the store, and the server's own digests."""
    del browser
    shop = shop_at(tmp_path, base_url)
    monkeypatch.setenv("SSLKEYLOGFILE", str(tmp_path / "keys.log"))
    commands = [
        ("auth", "login", "--store", "file", "--no-browser"),
        ("auth", "status"),
        ("auth", "status", "--json"),
        ("config", VIEW),
        ("debug",),
        BUILD,
        PUSH,
        (*PUSH, "--json"),
        ("status", "--json"),
        ("auth", "revoke"),
    ]
    ran = []
    token = ""
    for words in commands:
        ran.append(at(shop, *words))
        token = token or stored_token(tmp_path)
        if words[:2] == ("auth", "revoke"):
            CredentialStore(place="file").put(credential(token=token))
            ran += [at(shop, *PUSH), at(shop, "auth", "revoke", "--json"), at(shop, "auth", "logout")]
    assert [one.code for one in ran] == [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 2]
    shown = b"".join((one.out + one.err).encode() for one in ran)
    files = {
        path.relative_to(tmp_path).as_posix(): path.read_bytes()
        for path in tmp_path.rglob("*")
        if path.is_file() and not path.is_relative_to(tmp_path / "server")
    }
    forms = [form for secret in (token, SECRET) for form in _forms(secret)]
    assert [form for form in forms if form in shown] == []
    assert [(name, form) for name, held in files.items() for form in forms if form in held] == []
