"""What one render may use: time, steps, and text and lists made on the way.

Nothing watches from outside: every pass of a loop, call, filter and operation of a template asks the budget
first, so that a template without an end stops in the thread that renders it, on every platform. Between two
questions lies one operation of Python; `check_input` bounds what it works on, `bounds` what it may make of it.
"""

from __future__ import annotations

from collections.abc import ItemsView, Iterator, KeysView, ValuesView
from contextlib import contextmanager
from itertools import islice
from typing import Any

from jinja2.runtime import LoopContext

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
# Python's hash of a tuple goes down in C without looking how much of the stack is left.
MAX_DEPTH = 100
TEXTS = (str, bytes)
_LISTS = (list, tuple, set, frozenset)
_VIEWS = (KeysView, ValuesView, ItemsView)
LISTS = (*_LISTS, *_VIEWS)
"""What holds values and can be gone through again and again."""


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

    def step(self, made: int = 0, *, steps: int = 1) -> None:
        """Count steps, and the characters or items they make."""
        self._steps += steps
        self._made += made
        if self._steps > MAX_STEPS:
            raise RenderLimit(f"The template takes more than {MAX_STEPS:,} steps; loop passes and calls are steps")
        if self._made > MAX_MADE:
            raise RenderLimit(f"The template makes more than {MAX_MADE:,} characters and list items on its way")
        if self._clock.monotonic_s() > self._until_s:
            raise RenderLimit(f"The template did not finish within {RENDER_SECONDS:g} seconds")

    @contextmanager
    def outside(self) -> Iterator[None]:
        """Surround what is no work of the template, such as a query: the time that it takes does not count."""
        began_s = self._clock.monotonic_s()
        try:
            yield
        finally:
            self._until_s += self._clock.monotonic_s() - began_s

    def take(self, value: Any) -> Any:
        """Return a value that an operation made, after counting it; what would be made item by item is made now."""
        if isinstance(value, TEXTS):
            if len(value) > MAX_OUTPUT_CHARS:
                raise too_large()
            self.step(len(value))
        elif isinstance(value, int):
            check_number(value)
        elif isinstance(value, (*_LISTS, dict)):
            if len(value) > MAX_ITEMS:
                raise too_large()
            self.step(len(value))
        elif isinstance(value, Iterator) and not isinstance(value, LoopContext):
            # Whoever asks how large something is must not be told by a generator that it has no size.
            return self.take(list(islice(value, MAX_ITEMS + 1)))
        return value


def too_large() -> RenderLimit:
    """Return the error for one value out of all proportion."""
    return RenderLimit(
        f"The template builds a text or list beyond {MAX_OUTPUT_CHARS:,} characters or {MAX_ITEMS:,} items"
    )


def check_number(value: int) -> None:
    """Refuse a number with more digits than any calculation of a template needs."""
    if not -MAX_NUMBER <= value <= MAX_NUMBER:
        raise too_large()


def check_input(*values: Any) -> int:
    """Return the characters and items in values, lists in lists counted as often as they stand.

    Raises:
        RenderLimit: They are too many for one operation, or nested too deeply.
    """
    used, level = 0, list(values)
    for _ in range(MAX_DEPTH):
        below: list[Any] = []
        for value in level:
            if isinstance(value, int):
                check_number(value)
            elif isinstance(value, (*TEXTS, range)):
                used += len(value)
            elif isinstance(value, dict):
                used += len(value)
                below += [*value.keys(), *value.values()] if used <= MAX_INPUT else ()
            elif isinstance(value, LISTS):
                used += len(value)
                below += value if used <= MAX_INPUT else ()
            if used > MAX_INPUT:
                raise RenderLimit(f"A list in lists stands for more than {MAX_INPUT:,} characters and items")
        if not below:
            return used
        level = below
    raise RenderLimit(f"A list in lists is nested more than {MAX_DEPTH} deep")
