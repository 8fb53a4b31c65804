"""The tiny shop whose customers are canaries, and servers on loopback, as other suites have them."""

from __future__ import annotations

from tests.cli.conftest import shop
from tests.transport.conftest import connect, serve

__all__ = ["connect", "serve", "shop"]
