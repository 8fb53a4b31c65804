"""A login in a process of its own: its terminal, its pipe, Ctrl-C, and its end."""

from __future__ import annotations

import os
import pty
import re
import select
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path
from typing import Any

from pusher.credentials import CredentialStore
from tests.authorising.support import browse, redirect_of
from tests.cli.auth.support import shop_at, stored_token
from tests.push.support import Shop, wait_until


def _started(shop: Shop, *words: str, **more: Any) -> subprocess.Popen[bytes]:
    """Start a login in a process of its own."""
    return subprocess.Popen(
        [sys.executable, "-m", "pusher", "auth", "login", *words, "--project-dir", str(shop.root)],
        **{"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "stderr": subprocess.PIPE, **more},
    )


def _url(lines: bytes) -> str | None:
    found = re.search(r"^ {2}(http://\S+)\s", lines.decode(), re.MULTILINE)
    return found[1] if found else None


def test_the_address_is_piped_into_a_process(tmp_path: Path, base_url: str) -> None:
    """As a script does it for a person elsewhere."""
    process = _started(shop_at(tmp_path, base_url), "--store", "file", "--no-browser")
    assert process.stderr is not None
    said = b""
    while (url := _url(said)) is None:
        said += process.stderr.readline()
    out, err = process.communicate(redirect_of(url).encode() + b"\n", timeout=20)
    token = stored_token(tmp_path).encode()
    assert (process.returncode, token in out + said + err, out.splitlines()[0]) == (
        0, False, b"default (in a private file)",
    )  # fmt: skip


def test_ctrl_c_ends_the_wait(tmp_path: Path, base_url: str) -> None:
    """At once, with 130; the port is free again and nothing is kept."""
    process = _started(shop_at(tmp_path, base_url), "--store", "file")
    assert process.stderr is not None
    said = b""
    while _url(said) is None:
        said += process.stderr.readline()
    time.sleep(0.3)
    process.send_signal(signal.SIGINT)
    _, err = process.communicate(timeout=20)
    assert (process.returncode, b"Traceback" in err, CredentialStore().names()) == (130, False, [])


def test_on_a_terminal_without_a_keyring_the_token_is_shown_once(tmp_path: Path, base_url: str) -> None:
    """With the variable to set; it stands in no file."""
    terminal, inside = pty.openpty()
    shop = shop_at(tmp_path, base_url)
    process = _started(shop, stdin=subprocess.DEVNULL, stdout=inside)
    os.close(inside)
    assert process.stderr is not None
    said = b""
    while (url := _url(said)) is None:
        said += process.stderr.readline()
    threading.Thread(target=browse, args=(url,), daemon=True).start()
    shown = b""
    while select.select([terminal], [], [], 20)[0]:
        try:
            part = os.read(terminal, 65_536)
        except OSError:
            break
        if not part:
            break
        shown += part
    process.communicate(timeout=20)
    os.close(terminal)
    text = shown.decode().replace("\r\n", "\n")
    found = re.search(r"set TIKTOK_ACCESS_TOKEN to it:\n\n([0-9a-f]{40})\n", text)
    assert process.returncode == 0
    assert found is not None
    assert text.startswith("default (kept nowhere)\n")
    assert (tmp_path / "credentials" / "credentials.json").exists() is False


def test_processes_end(tmp_path: Path, base_url: str) -> None:
    """A login that nobody answers holds its port only as long as it runs."""
    process = _started(shop_at(tmp_path, base_url), "--store", "file")
    assert process.stderr is not None
    said = b""
    while _url(said) is None:
        said += process.stderr.readline()
    process.terminate()
    process.communicate(timeout=20)
    wait_until(lambda: process.poll() is not None)
    assert process.returncode == 143
