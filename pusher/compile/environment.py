"""The Jinja sandbox: no way out, and no template that never ends or fills the memory."""

from __future__ import annotations

import ctypes
import re
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import wraps
from types import CodeType
from typing import Any

from jinja2 import StrictUndefined, nodes
from jinja2.runtime import Context, Macro
from jinja2.sandbox import ImmutableSandboxedEnvironment
from jinja2.visitor import NodeTransformer

from pusher.clock import SystemClock

MAX_OUTPUT_CHARS = 1_000_000
MAX_ITEMS = 100_000
MAX_NUMBER = 10**100
RENDER_SECONDS = 5.0
_LOOK_SECONDS = 0.05
_IDLE_LOOKS = 10
# A width of five digits, or one that comes from an argument.
_WIDE_FORMAT = re.compile(r"\d{5}|%[-+ #0]*\*|\{[^{}]*\{")
# Filters that need no SQL: they are random, write HTML, or build lists of any length.
_DROPPED_FILTERS = ("random", "urlize", "xmlattr", "pprint", "batch", "slice", "filesizeformat", "striptags")
_PADDING = {"center", "ljust", "rjust", "zfill", "indent", "expandtabs"}


class RenderLimit(Exception):
    """A template asked for more than a model can need."""


class MacroReturn(Exception):
    """Carries the value of `return()` to the caller of the macro.

    Attributes:
        value: What the macro returns.
    """

    def __init__(self, value: Any) -> None:
        super().__init__()
        self.value = value


def _too_large() -> RenderLimit:
    return RenderLimit(
        f"The template builds a text or list beyond {MAX_OUTPUT_CHARS:,} characters or {MAX_ITEMS:,} items."
    )


def _check_size(value: Any) -> Any:
    if (isinstance(value, str) and len(value) > MAX_OUTPUT_CHARS) or (
        isinstance(value, (list, tuple, dict, set)) and len(value) > MAX_ITEMS
    ):
        raise _too_large()
    return value


def _check_amplifier(name: str, subject: Any, args: tuple[Any, ...]) -> None:
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
        raise _too_large()


def _capped(name: str, function: Callable[..., Any]) -> Callable[..., Any]:
    # Filters marked with pass_context and the like get one more argument in front.
    shift = 1 if hasattr(function, "jinja_pass_arg") else 0

    @wraps(function)
    def call(*args: Any, **kwargs: Any) -> Any:
        if len(args) > shift:
            _check_amplifier(name, args[shift], (*args[shift + 1 :], *kwargs.values()))
        return _check_size(function(*args, **kwargs))

    return call


class _CapConcatenation(NodeTransformer):
    """Put every `~` under the size check; Jinja's own hook covers arithmetic only."""

    def visit_Concat(self, node: nodes.Concat) -> nodes.Filter:  # noqa: N802 -- the visitor's naming
        self.generic_visit(node)
        return nodes.Filter(node, "capped", [], [], None, None, lineno=node.lineno)


# A project is rendered twice, for the build and for checks without data; its templates are compiled once.
_COMPILED: dict[tuple[str, str], CodeType] = {}
MOST_COMPILED = 4_096


class Sandbox(ImmutableSandboxedEnvironment):
    """Jinja as models may use it."""

    intercepted_binops = frozenset({"*", "**", "+", "%"})

    def __init__(self) -> None:
        super().__init__(undefined=StrictUndefined, autoescape=False, extensions=["jinja2.ext.do"])
        safe_range = self.globals["range"]
        self.globals = {"range": safe_range, "dict": dict, "namespace": self.globals["namespace"]}
        for name in _DROPPED_FILTERS:
            del self.filters[name]
        self.filters = {name: _capped(name, function) for name, function in self.filters.items()}
        self.filters["capped"] = _check_size

    def compile_source(
        self, source: str, file: str, rewrite: Callable[[nodes.Template], None] | None = None
    ) -> CodeType:
        """Compile a template's text, with the guards and, for a source map, a rewritten tree."""
        if rewrite is None and (source, file) in _COMPILED:
            return _COMPILED[source, file]
        tree = self.parse(source, file, file)
        _CapConcatenation().visit(tree)
        if rewrite is not None:
            rewrite(tree)
            return self.compile(tree, file, file)
        if len(_COMPILED) >= MOST_COMPILED:
            _COMPILED.clear()
        _COMPILED[source, file] = self.compile(tree, file, file)
        return _COMPILED[source, file]

    def call_binop(self, context: Context, operator: str, left: Any, right: Any) -> Any:
        """Do arithmetic on small operands only."""
        if operator == "**" and (abs(left) > MAX_ITEMS or abs(right) > MAX_ITEMS**0.5):
            raise _too_large()
        if operator == "*":
            _check_product(left, right)
        if operator == "%" and isinstance(left, str):
            _check_amplifier("format", left, ())
        result = super().call_binop(context, operator, left, right)
        if isinstance(result, int) and abs(result) > MAX_NUMBER:
            raise _too_large()
        return _check_size(result)

    def call(self, context: Context, obj: Any, /, *args: Any, **kwargs: Any) -> Any:
        """Call a macro or function; a macro may `return()` a value."""
        subject = getattr(obj, "__self__", None)
        if isinstance(subject, str):
            _check_amplifier(obj.__name__, subject, args)
        if not isinstance(obj, Macro):
            return _check_size(super().call(context, obj, *args, **kwargs))
        try:
            return _check_size(super().call(context, obj, *args, **kwargs))
        except MacroReturn as returned:
            return returned.value


def _check_product(left: Any, right: Any) -> None:
    for sequence, times in ((left, right), (right, left)):
        if isinstance(sequence, str) and isinstance(times, int) and len(sequence) * times > MAX_OUTPUT_CHARS:
            raise _too_large()
        if isinstance(sequence, (list, tuple)) and isinstance(times, int) and len(sequence) * times > MAX_ITEMS:
            raise _too_large()


class Watchdog:
    """Stops code that runs too long, by an exception in its thread.

    A signal would work in the main thread only, and schedulers call the library from others. One thread
    watches all renders of a renderer, because starting one costs more than most renders; it ends by itself.
    """

    def __init__(self) -> None:
        self._clock = SystemClock()
        self._lock = threading.Lock()
        self._until_s: float | None = None
        self._watched = 0
        self._running = False

    @contextmanager
    def limit(self, seconds: float) -> Iterator[None]:
        """Raise RenderLimit in this thread when the block takes longer."""
        with self._lock:
            self._until_s, self._watched = self._clock.monotonic_s() + seconds, threading.get_ident()
            if not self._running:
                self._running = True
                threading.Thread(target=self._watch, name="render-watchdog", daemon=True).start()
        try:
            yield
        finally:
            with self._lock:
                self._until_s = None

    def _watch(self) -> None:
        idle = 0
        while idle < _IDLE_LOOKS:
            self._clock.sleep(_LOOK_SECONDS)
            with self._lock:
                idle = 0 if self._until_s is not None else idle + 1
                if self._until_s is not None and self._clock.monotonic_s() > self._until_s:
                    self._until_s = None
                    thread = ctypes.c_ulong(self._watched)
                    ctypes.pythonapi.PyThreadState_SetAsyncExc(thread, ctypes.py_object(RenderLimit))
                # Decided under the lock, so that the next render starts a thread of its own.
                self._running = idle < _IDLE_LOOKS
