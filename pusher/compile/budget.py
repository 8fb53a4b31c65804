"""What one render may use: time, steps, and text and lists made on the way.

Nothing watches from outside: every pass of a loop, call, filter and operation of a template asks the budget
first, so that a template without an end stops in the thread that renders it, on every platform. Between two
questions lies one operation of Python, and `check_input` bounds what such an operation may work on.
"""

from __future__ import annotations

import re
from typing import Any

from pusher.clock import SystemClock

RENDER_SECONDS = 5.0
MAX_STEPS = 1_000_000
MAX_OUTPUT_CHARS = 1_000_000
MAX_ITEMS = 100_000
MAX_NUMBER = 10**100
# Characters and list items over the whole render, those thrown away on the way included.
MAX_MADE = 50_000_000
# Characters and items in everything that one operation works on, at every depth.
MAX_INPUT = 5_000_000
# A width of five digits, or one that comes from an argument.
_WIDE_FORMAT = re.compile(r"\d{5}|%[-+ #0]*\*|\{[^{}]*\{")
_PADDING = {"center", "ljust", "rjust", "zfill", "indent", "expandtabs"}
_SMALL = (int, float, bool, type(None))
_TEXTS = (str, bytes)
_CONTAINERS = (list, tuple, dict, set)


class RenderLimit(Exception):
    """A template asked for more than a model can need."""


class Budget:
    """Counts what one render uses; every question raises RenderLimit when it is too much."""

    def __init__(self) -> None:
        self._clock = SystemClock()
        self.start()

    def start(self) -> None:
        """Begin a render."""
        self._steps = self._made = 0
        self._until_s = self._clock.monotonic_s() + RENDER_SECONDS

    def step(self, made: int = 0) -> None:
        """Count a step, and the characters or items it makes."""
        self._steps += 1
        self._made += made
        if self._steps > MAX_STEPS:
            raise RenderLimit(f"The template takes more than {MAX_STEPS:,} steps; loop passes and calls are steps")
        if self._made > MAX_MADE:
            raise RenderLimit(f"The template makes more than {MAX_MADE:,} characters and list items on its way")
        if self._clock.monotonic_s() > self._until_s:
            raise RenderLimit(f"The template did not finish within {RENDER_SECONDS:g} seconds")

    def take(self, value: Any) -> Any:
        """Return a value that an operation made, after counting it."""
        if isinstance(value, _TEXTS):
            if len(value) > MAX_OUTPUT_CHARS:
                raise too_large()
            self.step(len(value))
        elif isinstance(value, _CONTAINERS):
            if len(value) > MAX_ITEMS:
                raise too_large()
            self.step(len(value))
        return value


def too_large() -> RenderLimit:
    """Return the error for one value out of all proportion."""
    return RenderLimit(
        f"The template builds a text or list beyond {MAX_OUTPUT_CHARS:,} characters or {MAX_ITEMS:,} items"
    )


def check_input(*values: Any) -> None:
    """Refuse values that are too large for one operation, when lists in lists are counted as often as they stand."""
    waiting = [value for value in values if not isinstance(value, _SMALL)]
    left = MAX_INPUT
    while waiting:
        value = waiting.pop()
        if isinstance(value, _TEXTS):
            left -= len(value)
        elif isinstance(value, _CONTAINERS):
            left -= len(value)
            waiting += [item for item in value if not isinstance(item, _SMALL)]
            if isinstance(value, dict):
                waiting += value.values()
        if left < 0:
            raise RenderLimit(f"A list in lists stands for more than {MAX_INPUT:,} characters and items")


def check_amplifier(name: str, subject: Any, args: tuple[Any, ...]) -> None:
    """Refuse a text operation before it runs when its result would be out of all proportion."""
    size = 0
    if name == "replace" and len(args) > 1:
        times = str(subject).count(str(args[0])) + 1
        size = len(str(subject)) + times * len(str(args[1]))
    elif name == "join":
        items = subject if not isinstance(subject, str) else (args[0] if args else ())
        size = sum(len(item) for item in items if isinstance(item, str)) if isinstance(items, (list, tuple)) else 0
    elif name in _PADDING and args and isinstance(args[0], int):
        size = args[0] * (str(subject).count("\n") + 1 if name == "indent" else 1)
    elif name in {"format", "format_map"} and _WIDE_FORMAT.search(str(subject)):
        size = MAX_OUTPUT_CHARS + 1
    if size > MAX_OUTPUT_CHARS:
        raise too_large()


def check_product(left: Any, right: Any) -> None:
    """Refuse a text or list times a number before it is made."""
    for sequence, times in ((left, right), (right, left)):
        if isinstance(sequence, str) and isinstance(times, int) and len(sequence) * times > MAX_OUTPUT_CHARS:
            raise too_large()
        if isinstance(sequence, (list, tuple)) and isinstance(times, int) and len(sequence) * times > MAX_ITEMS:
            raise too_large()
