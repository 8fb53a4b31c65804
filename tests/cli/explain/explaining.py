"""What tests of `pusher explain` share: a command that reads a value, and the steps that it shows."""

from __future__ import annotations

import hashlib
import io
import sys
from pathlib import Path

import pytest

from tests.cli.conftest import Ran, pusher

ROOT = Path(__file__).parents[3]
VARIABLES = "name: shop\nprofile: shop\nvars: {max_identities: 3}\n"
DIGEST = hashlib.sha256(b"anything").hexdigest()
SENT = "as a push sends it"


class Explain:
    """Runs the command with a value on stdin."""

    def __init__(self, root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        self.root, self._patch = root, monkeypatch

    def __call__(self, kind: str, value: str | bytes, *words: str) -> Ran:
        """Explain a value."""
        given = value.encode() if isinstance(value, str) else value
        self._patch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(given), encoding="utf-8"))
        return pusher("explain", kind, "--project-dir", str(self.root), *words)


def sha256(text: str) -> str:
    """Return a digest."""
    return hashlib.sha256(text.encode()).hexdigest()


def steps(ran: Ran) -> list[tuple[str, str | None]]:
    """Return names and values of the steps."""
    return [(one["step"], one["value"]) for one in ran.json["steps"]]


def both(text: str) -> list[tuple[str, str | None]]:
    """Return the last two steps of a usable value."""
    return [("SHA-256", sha256(text)), (SENT, sha256(text))]


CANARY = "Canary.Seven@Shop.Example"
