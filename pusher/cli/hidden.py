"""Reads one value that nobody else may see: typed without an echo, or from a pipe."""

from __future__ import annotations

import getpass
import sys
import warnings

from pusher.errors import ConfigError, Problem

MOST_BYTES = 65_536


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


def _refused(message: str) -> ConfigError:
    return ConfigError(
        Problem("no-value", message, fix="Type one value when asked, or pipe one line into the command.")
    )
