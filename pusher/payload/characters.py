"""Characters that decide whether a text is one: blanks of every kind, and controls that nobody sees."""

from __future__ import annotations

from pusher.payload.sql import literal

# trim() leaves tabs and knows few of the spaces of Unicode; most texts start with a visible ASCII character.
_NOT_BLANK = (
    r"[^\s\x{0b}\x{1c}-\x{1f}\x{85}\x{a0}\x{ad}\x{61c}\x{1680}\x{180e}\x{2000}-\x{200f}\x{2028}-\x{202f}"
    r"\x{205f}-\x{206f}\x{3000}\x{feff}]"
)
# Control characters, and the marks that turn the direction of everything behind them.
_CONTROL = r"[\x00-\x1f\x7f-\x{9f}\x{61c}\x{200e}\x{200f}\x{202a}-\x{202e}\x{2066}-\x{2069}]"
_BREAKS = r"[\t\n\x{0b}\x{0c}\r\x{85}]+"


def is_visible(value: str) -> str:
    """Return the expression that says whether a text shows anything."""
    return f"({value} between '!' and '~' or regexp_matches({value}, {literal(_NOT_BLANK)}))"


def holds_control(value: str) -> str:
    """Return the expression that says whether a text holds a control character or a mark of direction.

    JSON writes the controls of ASCII in more bytes than they have, and all others have more bytes than characters:
    to count these costs a quarter of a pattern, and few texts need one.
    """
    suspicious = (
        f"strlen(cast(to_json({value}) as varchar)) > strlen({value}) + 2 or length({value}) < strlen({value}) "
        f"or contains({value}, chr(127))"
    )
    return f"case when {suspicious} then regexp_matches({value}, {literal(_CONTROL)}) else false end"


def without_controls(value: str) -> str:
    """Return the expression of a text without them; line breaks and tabs become a space."""
    spaced = f"regexp_replace({value}, {literal(_BREAKS)}, ' ', 'g')"
    return f"trim(regexp_replace({spaced}, {literal(_CONTROL)}, '', 'g'))"
