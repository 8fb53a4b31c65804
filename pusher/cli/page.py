"""Writes a page that the user named."""

from __future__ import annotations

from pathlib import Path

from pusher.errors import ConfigError, Problem


def write_page(path: Path, text: str) -> None:
    """Write a page.

    Raises:
        ConfigError: It cannot be written there.
    """
    try:
        path.write_text(text, encoding="utf-8")
    except OSError as error:
        message = f"The page cannot be written: {error.strerror}."
        fix = "Give --html a file in a folder that is there and may be written."
        raise ConfigError(Problem("report-page", message, path.as_posix(), fix=fix)) from error
