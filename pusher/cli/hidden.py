"""Reads one value that nobody else may see: typed without an echo, or from a pipe."""

from __future__ import annotations

import getpass
import sys
import warnings

from pusher.errors import ConfigError, Problem

MOST_BYTES = 65_536
MOST_BYTES_OF_LINES = 16_777_216
_LINES = "Pipe one value a line into the command, or type them when asked."


def hidden_value(prompt: str) -> str:
    """Return the one value that is typed or piped in, without its line end; blanks around it stay.

    Raises:
        ConfigError: There is none, or more than one; the words never repeat it.
    """
    if sys.stdin is None:
        raise _refused("There is no stdin to read the value from.")
    if sys.stdin.isatty():
        return _typed(prompt)
    given = sys.stdin.buffer.read(MOST_BYTES + 1)
    if len(given) > MOST_BYTES:
        raise _refused(f"The value is longer than {MOST_BYTES:,} bytes.")
    try:
        text = given.decode("utf-8")
    except UnicodeDecodeError:
        raise _refused("The value is not UTF-8.") from None
    text = text.removesuffix("\n").removesuffix("\r")
    if "\n" in text:
        raise _refused("stdin has more than one line.")
    return text


def hidden_lines(prompt: str) -> list[str]:
    """Return the values that are piped in, one a line, or typed one after the other until an empty one.

    Raises:
        ConfigError: There is none, or the text cannot be read; the words never repeat it.
    """
    if sys.stdin is None:
        raise _refused("There is no stdin to read values from.", _LINES)
    if sys.stdin.isatty():
        typed = list(iter(lambda: _typed(prompt), ""))
    else:
        given = sys.stdin.buffer.read(MOST_BYTES_OF_LINES + 1)
        if len(given) > MOST_BYTES_OF_LINES:
            raise _refused(f"stdin has more than {MOST_BYTES_OF_LINES:,} bytes.", "Pipe the lines in parts.")
        try:
            typed = [line.removesuffix("\r") for line in given.decode("utf-8-sig").split("\n")]
        except UnicodeDecodeError:
            raise _refused("stdin is not UTF-8.", _LINES) from None
    if not any(line.strip() for line in typed):
        raise _refused("There is no value.", _LINES)
    return typed


def _typed(prompt: str) -> str:
    try:
        with warnings.catch_warnings():
            # Where the terminal cannot hide what is typed, getpass() would go on and show it.
            warnings.simplefilter("error", getpass.GetPassWarning)
            text = getpass.getpass(prompt)
        # Some terminals give bytes that are no text as halves of characters, which have no UTF-8.
        text.encode("utf-8")
    except UnicodeError:
        raise _refused("The value is not UTF-8.") from None
    except getpass.GetPassWarning:
        raise _refused("This terminal cannot hide what is typed.") from None
    except EOFError:
        raise _refused("Nothing was typed.") from None
    return text


def _refused(message: str, fix: str = "Type one value when asked, or pipe one line into the command.") -> ConfigError:
    return ConfigError(Problem("no-value", message, fix=fix))
