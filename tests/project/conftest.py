"""The shop of the commands, for what lies below them."""

from __future__ import annotations

from tests.cli.conftest import shop

__all__ = ["shop"]
