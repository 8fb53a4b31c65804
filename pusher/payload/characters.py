"""Characters that decide whether a text is one: blanks of every kind, and controls that nobody sees."""

from __future__ import annotations

from pusher.payload.sql import literal

SUSPICIOUS = "_suspicious"
"""Column that says whether any text of a row may hold a control; the layer of `cleaning` makes it."""

# trim() leaves tabs and knows few of the spaces of Unicode; most texts start with a visible ASCII character.
NOT_BLANK = (
    r"[^\s\x{0b}\x{1c}-\x{1f}\x{85}\x{a0}\x{ad}\x{61c}\x{1680}\x{180e}\x{2000}-\x{200f}\x{2028}-\x{202f}"
    r"\x{205f}-\x{206f}\x{3000}\x{feff}]"
)
# Control characters, and the marks that turn the direction of everything behind them.
_BEYOND_ASCII = r"\x{80}-\x{9f}\x{61c}\x{200e}\x{200f}\x{202a}-\x{202e}\x{2066}-\x{2069}"
CONTROL = rf"[\x00-\x1f\x7f{_BEYOND_ASCII}]"
_BREAKS = r"[\t\n\x{0b}\x{0c}\r\x{85}]+"
_ESCAPE_BYTES = 5
"""What JSON needs for a control character beyond its own byte, as in \\u001f; for others it needs one at least."""


def is_visible(value: str) -> str:
    """Return the expression that says whether a text shows anything."""
    return f"({value} between '!' and '~' or regexp_matches({value}, {literal(NOT_BLANK)}))"


def may_hold_control(value: str, separators: str) -> str:
    """Return the expression that says whether a text may hold a control character or a mark of direction.

    JSON writes ASCII's controls in more bytes than they have. To count those costs a third of a pattern, and one
    look at all texts of a row together costs less than one at each. Quotes and backslashes raise a false alarm.

    Args:
        value: The text.
        separators: How many control characters of our own are in it, as SQL.
    """
    return (
        f"strlen(cast(to_json({value}) as varchar)) > strlen({value}) + 2 + {_ESCAPE_BYTES} * ({separators}) "
        f"or contains({value}, chr(127)) "
        f"or case when length({value}) < strlen({value}) "
        f"then regexp_matches({value}, {literal(f'[{_BEYOND_ASCII}]')}) else false end"
    )


def matches_control(value: str) -> str:
    """Return the expression that says whether a text holds one of them: slow, for rows that are suspicious."""
    return f"regexp_matches({value}, {literal(CONTROL)})"


def in_suspicious_row(condition: str) -> str:
    """Return the expression that looks at a condition in suspicious rows only, and is false in all others."""
    return f"case when {SUSPICIOUS} then coalesce({condition}, false) else false end"


def without_controls(value: str) -> str:
    """Return the expression of a text without them; line breaks and tabs become a space."""
    spaced = f"regexp_replace({value}, {literal(_BREAKS)}, ' ', 'g')"
    return f"trim(regexp_replace({spaced}, {literal(CONTROL)}, '', 'g'))"
