"""What can go wrong in a run, by class, and what to do about each: contract data as typed values."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any

from pusher.contracts import ErrorClass, Resolution
from pusher.destinations.tiktok.facts import contract, tables
from pusher.payload.load import ContractError

_OTHER = "project"
_OF_CLASS = "tiktok-"


@dataclass(frozen=True, slots=True)
class Resolutions:
    """The classes of errors, and every resolution in the order of their numbers.

    Attributes:
        errors: By name.
        resolutions: By name.
    """

    errors: Mapping[str, ErrorClass]
    resolutions: Mapping[str, Resolution]


@cache
def resolutions() -> Resolutions:
    """Read the file once.

    Raises:
        ContractError: A class names a resolution that is not there.
    """
    table = tables("resolutions")
    known = {name: _resolution(name, found) for name, found in table["resolution"].items()}
    errors = {found["name"]: _error(found) for found in table["error"]}
    missing = {name for error in errors.values() for name in error.resolutions} - set(known)
    if missing:
        raise ContractError(f"No resolution is called {sorted(missing)}.")
    return Resolutions(errors, known)


def error_class(code: str, return_code: int | None, *, of_audience: bool) -> str:
    """Return the class of an error.

    Args:
        code: Our own name of the problem; `tiktok-` and the class of an answer, in lower case, is one too.
        return_code: TikTok's code, or None.
        of_audience: It is about an audience, where some answers mean something else.
    """
    errors = [found for found in tables("resolutions")["error"] if isinstance(found, dict)]
    if return_code is not None:
        for found in errors:
            if any(first <= return_code <= last for first, last in found.get("codes", ())):
                return str(found["name"])
    if (named := _first(errors, "problems", code)) is not None:
        return named
    answered = code.removeprefix(_OF_CLASS).upper() if code.startswith(_OF_CLASS) else _class_of(return_code)
    if of_audience and (named := _first(errors, "audience_classes", answered)) is not None:
        return named
    return _first(errors, "classes", answered) or _OTHER


def _first(errors: list[dict[str, Any]], key: str, value: str | None) -> str | None:
    return next((str(found["name"]) for found in errors if value in found.get(key, ())), None)


def _class_of(return_code: int | None) -> str | None:
    if return_code is None:
        return None
    return next((one.response_class for one in contract().codes if one.first <= return_code <= one.last), None)


def _error(found: Mapping[str, Any]) -> ErrorClass:
    return ErrorClass(found["name"], found["title"], found["words"], tuple(found["resolutions"]))


def _resolution(name: str, found: Mapping[str, Any]) -> Resolution:
    return Resolution(
        name=name,
        title=found["title"],
        who=found["who"],
        steps=tuple(found.get("steps", ())),
        settings=tuple(found.get("settings", ())),
        command=tuple(found.get("command", ())),
        when=found.get("when", "always"),
        needs=found.get("needs"),
    )
