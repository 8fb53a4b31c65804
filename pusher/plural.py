"""How a number of things is told: one row, two rows."""

from __future__ import annotations


def counted(number: int, thing: str, things: str | None = None) -> str:
    """Return a number of things, in the plural unless it is one.

    Args:
        number: How many.
        thing: What one of them is called.
        things: What several are called; with an `s` by default.
    """
    return f"{number:,} {thing if number == 1 else things or f'{thing}s'}"
