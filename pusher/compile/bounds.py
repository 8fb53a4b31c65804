"""Which filters, methods and operations templates may use, and how large the result of each may become.

A list of what is allowed: an operation is here because its time and its result are known from what it is given. The
size is worked out before the operation runs, so that nothing is made that would have to be refused.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, time, timedelta
from string import Formatter
from types import ModuleType
from typing import Any

from jinja2.exceptions import SecurityError

from pusher.compile.budget import (
    MAX_INPUT,
    MAX_ITEMS,
    MAX_MADE,
    MAX_OUTPUT_CHARS,
    TEXTS,
    RenderLimit,
    check_input,
    check_number,
    too_large,
)

# Left out are those that are random, write HTML, or break and pad lines at a cost that is hard to foresee.
FILTERS = frozenset(
    {
        "abs", "attr", "capitalize", "center", "count", "d", "default", "dictsort", "e", "escape", "first", "float",
        "forceescape", "format", "groupby", "indent", "int", "items", "join", "last", "length", "list", "lower", "map",
        "max", "min", "reject", "rejectattr", "replace", "reverse", "round", "safe", "select", "selectattr", "sort",
        "string", "sum", "title", "tojson", "trim", "truncate", "unique", "upper", "urlencode", "wordcount",
    }
)  # fmt: skip
# Filters that go along a path of attributes for each item.
_ALONG_PATHS = {"groupby", "join", "map", "max", "min", "rejectattr", "selectattr", "sort", "sum", "unique"}
_METHODS: Mapping[type, frozenset[str]] = {
    str: frozenset(
        {
            "capitalize", "casefold", "center", "count", "endswith", "expandtabs", "find", "format", "format_map",
            "index", "isalnum", "isalpha", "isascii", "isdecimal", "isdigit", "isidentifier", "islower", "isnumeric",
            "isprintable", "isspace", "istitle", "isupper", "join", "ljust", "lower", "lstrip", "partition",
            "removeprefix", "removesuffix", "replace", "rfind", "rindex", "rjust", "rpartition", "rsplit", "rstrip",
            "split", "splitlines", "startswith", "strip", "swapcase", "title", "upper", "zfill",
        }
    ),
    list: frozenset({"copy", "count", "index"}),
    tuple: frozenset({"count", "index"}),
    range: frozenset({"count", "index"}),
    dict: frozenset({"copy", "get", "items", "keys", "values"}),
    set: frozenset(
        {"copy", "difference", "intersection", "isdisjoint", "issubset", "issuperset", "symmetric_difference", "union"}
    ),
    int: frozenset({"bit_length"}),
    float: frozenset({"is_integer"}),
}  # fmt: skip
_DATES = (date, time, timedelta)  # a datetime is a date
# Filters and methods that compare what they are given with each part of the subject.
_PAIRWISE = {"lstrip", "rfind", "rindex", "rpartition", "rsplit", "rstrip", "strip", "trim"}
_COMPARING = {"count", "index", *_METHODS[set]}
_MOST_PAIRS = 100_000_000
_MOST_OF_A_DATE_FORMAT = 1_000
_MOST_DIGITS = 100
_MOST_JSON_INDENT = 8
# Different values that may share a hash; a set compares each of them with all others.
_MOST_ALIKE = 20
_LONGEST_NUMBER = 400
_TOO_WIDE = MAX_INPUT + 1
# Paths are followed for each item before a set of what they lead to is made.
_MOST_BY_PATH = 5_000
_PERCENT_WIDTH = re.compile(r"(?:^|\))[-+ #0]*(\*|[0-9]+)?(?:\.(\*|[0-9]+))?")


def _given(args: Sequence[Any], named: Mapping[str, Any], place: int, name: str, default: Any = None) -> Any:
    return args[place] if place < len(args) else named.get(name, default)


def _fit(size: int, most: int = MAX_OUTPUT_CHARS) -> None:
    if size > most:
        raise too_large()


def check_filter(name: str, subject: Any, args: Sequence[Any], named: Mapping[str, Any]) -> int:
    """Return the steps of a filter for its items.

    Raises:
        RenderLimit: Its result would be out of all proportion.
    """
    given = _Given(subject, args, named, check_input(subject, *args, *named.values()))
    check = _FILTER_CHECKS.get(name)
    if check is not None:
        check(given)
    if name not in _ALONG_PATHS:
        return 1
    paths = sum(text.count(".") + text.count(",") for text in (*args, *named.values()) if isinstance(text, str))
    return 1 + paths * _length(subject)


@dataclass(frozen=True, slots=True)
class _Given:
    """What a filter works on.

    Attributes:
        subject: The value in front of it.
        args: Its arguments.
        named: Those that are given by name.
        used: Characters and items in all of them.
    """

    subject: Any
    args: Sequence[Any]
    named: Mapping[str, Any]
    used: int

    def argument(self, place: int, name: str, default: Any = None) -> Any:
        """Return an argument that may be given by its place or by its name."""
        return _given(self.args, self.named, place, name, default)


def _check_replace(given: _Given) -> None:
    _fit(_replaced(str(given.subject), given.argument(0, "old"), given.argument(1, "new")))


def _check_join(given: _Given) -> None:
    _fit(given.used + _length(given.argument(0, "d", "")) * _length(given.subject), MAX_INPUT)


def _check_center(given: _Given) -> None:
    _fit(_number(given.argument(0, "width", 80)))


def _check_indent(given: _Given) -> None:
    width = given.argument(0, "width", 4)
    each = len(width) if isinstance(width, str) else _number(width)
    _fit(_length(given.subject) + each * (str(given.subject).count("\n") + 1))


def _check_format(given: _Given) -> None:
    _fit(_percent(str(given.subject), given.args or given.named), MAX_INPUT)


def _check_json(given: _Given) -> None:
    _fit(_number(given.argument(0, "indent", 0)), _MOST_JSON_INDENT)


def _check_round(given: _Given) -> None:
    precision = given.argument(0, "precision", 0)
    if isinstance(precision, (int, float)) and abs(precision) > _MOST_DIGITS:
        raise RenderLimit(f"round() takes at most {_MOST_DIGITS} digits")


def _check_trim(given: _Given) -> None:
    _check_pairs(given.subject, given.argument(0, "chars"))


def _check_sum(given: _Given) -> None:
    if isinstance(given.argument(1, "start", 0), (list, tuple)):
        # Each of them is copied into the next longer one.
        _fit(_length(given.subject) * given.used, MAX_MADE)


def _check_unique(given: _Given) -> None:
    by_path = given.argument(1, "attribute") is not None
    _fit(_length(given.subject), _MOST_BY_PATH if by_path else MAX_ITEMS)
    check_spread(given.subject)


_FILTER_CHECKS: Mapping[str, Callable[[_Given], None]] = {
    "center": _check_center,
    "format": _check_format,
    "indent": _check_indent,
    "join": _check_join,
    "replace": _check_replace,
    "round": _check_round,
    "sum": _check_sum,
    "tojson": _check_json,
    "trim": _check_trim,
    "unique": _check_unique,
}


def check_call(called: Any, args: Sequence[Any], named: Mapping[str, Any]) -> None:
    """Refuse a method of Python that is not listed, or whose result would be out of all proportion.

    Raises:
        RenderLimit: It is too much.
        SecurityError: It is not listed.
    """
    check_input(*args, *named.values())
    # The sandbox wraps the methods that format.
    method = getattr(called, "__wrapped__", called)
    subject = getattr(method, "__self__", None)
    name = getattr(method, "__name__", "")
    if subject is None or isinstance(subject, ModuleType):
        return
    if isinstance(subject, _DATES) or (isinstance(subject, type) and issubclass(subject, _DATES)):
        formats = (one for one in (*args, *named.values()) if isinstance(one, TEXTS))
        _fit(max(map(len, formats), default=0), _MOST_OF_A_DATE_FORMAT)
        return
    allowed = next((names for kind, names in _METHODS.items() if isinstance(subject, kind)), None)
    if allowed is None and not _is_of_python(method):
        return
    if name not in (allowed or ()):
        raise SecurityError(f"`{name}` of {type(subject).__name__} is not for templates")
    if isinstance(subject, str):
        _check_text_method(name, subject, args, named)
    elif name in _COMPARING:
        check_input(subject, *args)
        if isinstance(subject, set):
            for one in args:
                check_spread([*subject, *one] if isinstance(one, Iterable) else subject)


def _is_of_python(method: Any) -> bool:
    """Whether a method belongs to a value and not to an object of ours or of Jinja."""
    return not hasattr(method, "__func__")


def _check_text_method(name: str, subject: str, args: Sequence[Any], named: Mapping[str, Any]) -> None:
    match name:
        case "replace":
            _fit(_replaced(subject, *args[:2]) if len(args) > 1 else 0)
        case "join":
            items = args[0] if args else ()
            _fit(check_input(items) + len(subject) * _length(items), MAX_INPUT)
        case "center" | "ljust" | "rjust" | "zfill":
            _fit(_number(args[0]) if args else 0)
        case "expandtabs":
            _fit(len(subject) + subject.count("\t") * _number(_given(args, named, 0, "tabsize", 8)))
        case "format" | "format_map":
            _fit(_braces(subject, (*args, *named.values())), MAX_INPUT)
        case _:
            if name in _PAIRWISE:
                _check_pairs(subject, _given(args, named, 0, "sep"))


def check_operation(operator: str, left: Any, right: Any) -> None:
    """Refuse arithmetic on large operands, and texts and lists times a number before they are made."""
    for one in (left, right):
        if isinstance(one, int):
            check_number(one)
    if operator == "**" and (abs(left) > MAX_ITEMS or abs(right) > MAX_ITEMS**0.5):
        raise too_large()
    if operator == "*":
        for sequence, times in ((left, right), (right, left)):
            if isinstance(times, int) and isinstance(sequence, (*TEXTS, list, tuple)):
                _fit(len(sequence) * times, MAX_OUTPUT_CHARS if isinstance(sequence, TEXTS) else MAX_ITEMS)
    if operator == "%" and isinstance(left, TEXTS):
        check_input(right)
        _fit(_percent(left if isinstance(left, str) else left.decode("latin-1"), right), MAX_INPUT)


def check_spread(values: Any) -> None:
    """Refuse values that were chosen so that a set of them would compare each with all others."""
    found: dict[int, list[Any]] = {}
    for value in values if isinstance(values, Iterable) else ():
        try:
            alike = found.setdefault(hash(value), [])
        except TypeError:
            return  # the operation itself says so
        if value not in alike:
            alike.append(value)
        if len(alike) > _MOST_ALIKE:
            raise RenderLimit("The template makes a set of values that no set can tell apart quickly")


def safe_dict(*pairs: Any, **named: Any) -> dict[Any, Any]:
    """Return a mapping as `dict()` does."""
    given = list(pairs[0].items() if isinstance(pairs[0], Mapping) else pairs[0]) if pairs else []
    check_spread([pair[0] for pair in given if isinstance(pair, (list, tuple)) and pair])
    return dict(given, **named)


def safe_set(values: Any) -> set[Any]:
    """Return a set as `set()` does."""
    check_spread(values)
    return set(values)


def _replaced(subject: str, old: Any, new: Any) -> int:
    return len(subject) + (subject.count(str(old)) + 1) * len(str(new))


def _length(value: Any) -> int:
    return len(value) if hasattr(value, "__len__") else 1


def _number(value: Any) -> int:
    return int(value) if isinstance(value, (int, float)) else 0


def _check_pairs(subject: Any, other: Any) -> None:
    if isinstance(other, str):
        _fit(_length(subject) * len(other), _MOST_PAIRS)


def _widest(numbers: Iterable[str]) -> int:
    """Return the largest width or precision; one that an argument gives is too wide."""
    return max((_TOO_WIDE if one == "*" or len(one) > len(str(_TOO_WIDE)) else int(one) for one in numbers), default=0)


def _percent(text: str, values: Any) -> int:
    """Return how long a text with `%` can become."""
    parts = text.split("%")[1:]
    numbers = [one for part in parts for found in _PERCENT_WIDTH.finditer(part) for one in found.groups() if one]
    return len(text) + len(parts) * (_widest(numbers) + check_input(values) + _LONGEST_NUMBER)


def _braces(text: str, values: Sequence[Any]) -> int:
    """Return how long a text with `{}` can become."""
    numbers: list[str] = []
    fields = 0
    try:
        for _, field, spec, _ in Formatter().parse(text):
            fields += field is not None
            numbers += ["*"] if "{" in (spec or "") else re.findall("[0-9]+", spec or "")
    except ValueError:
        return 0  # the method itself says what is wrong
    return len(text) + fields * (_widest(numbers) + check_input(*values) + _LONGEST_NUMBER)
