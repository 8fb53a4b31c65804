"""Colours on a terminal: few, for what is good, bad or worth a look; never where somebody said no, nor in a pipe."""

from __future__ import annotations

import os
from collections.abc import Mapping

import typer

_COLOURS = {
    "ok": "green",
    "error": "red",
    "failed": "red",
    "warning": "yellow",
    "note": "cyan",
    "!": "red",
    "?": "yellow",
}


def painted(word: str) -> str:
    """Return a word such as `error` in its colour; printing takes the colour out where it cannot stand."""
    colour = _COLOURS.get(word)
    return word if colour is None else typer.style(word, fg=colour)


def choice(*, no_color: bool, environment: Mapping[str, str] = os.environ) -> bool | None:
    """Return False for output without colours, or None to decide by what each stream is.

    Args:
        no_color: The option `--no-color`.
        environment: Holds `NO_COLOR` (any value, https://no-color.org), `CI` and `TERM`.
    """
    refused = no_color or environment.get("NO_COLOR") or environment.get("CI") or environment.get("TERM") == "dumb"
    return False if refused else None
