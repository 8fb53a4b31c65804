"""Reads the contract folder once."""

from __future__ import annotations

import tomllib
from functools import cache
from pathlib import Path
from typing import Any

from pusher.payload.load import load_contract
from pusher.payload.model import Contract

CONTRACT_FOLDER = Path(__file__).parent / "contract"


@cache
def contract() -> Contract:
    """Return the contract."""
    return load_contract(CONTRACT_FOLDER)


@cache
def tables(name: str) -> dict[str, Any]:
    """Return one file of the folder as it is written, for facts that only this destination reads.

    Args:
        name: File without its ending, such as `settings`.
    """
    return tomllib.loads((CONTRACT_FOLDER / f"{name}.toml").read_text(encoding="utf-8"))
