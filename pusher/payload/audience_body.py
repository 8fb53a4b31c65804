"""Judges a finished request about streaming audiences by the contract, as `validate` does for events.

One pass over the rows; nothing is looked up, so whether an audience exists is not judged here.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from pusher.payload.validate import BodyProblem

_ADVERTISER, _ADVERTISERS, _ACTION, _SCHEMA, _ROWS = (
    "advertiser_id",
    "advertiser_ids",
    "action",
    "id_schema",
    "batch_data",
)
_NAME, _DELETED = "custom_audience_name", "delete_audience_id"
_CELL = {"id", "audience_ids"}
_MISSING, _NOT_TEXT, _NOT_LIST, _EMPTY = (
    "Missing data for required field",
    "Not a valid string",
    "Not a valid list",
    "Must not be empty",
)
# The API reads an id as a 64-bit integer.
_is_id = re.compile(r"[0-9]{1,19}").fullmatch
_DIGESTS = {
    "SHA256": (re.compile(r"[0-9a-fA-F]{64}").fullmatch, "Not a SHA-256 digest of 64 hexadecimal digits"),
    "MD5": (re.compile(r"[0-9a-fA-F]{32}").fullmatch, "Not an MD5 digest of 32 hexadecimal digits"),
}

Digest = tuple[Callable[[str], object], str]
"""Judges the form of an identifier, and what is said of one that fails."""


@dataclass(frozen=True, slots=True)
class AudienceRules:
    """What the contract says about requests for audiences.

    Attributes:
        id_schemas: Names that `id_schema` may hold.
        mapping_actions: Actions of `segment/mapping/`, the first one when left out.
        audience_actions: Actions of `segment/audience/`, the first one makes an audience.
        most_rows: Rows in a request.
    """

    id_schemas: tuple[str, ...]
    mapping_actions: tuple[str, ...]
    audience_actions: tuple[str, ...]
    most_rows: int

    @classmethod
    def of(cls, table: Mapping[str, Any]) -> AudienceRules:
        """Return the rules of the contract's file about audiences."""
        lists = {name: tuple(fact["values"]) for name, fact in table["list"].items()}
        return cls(
            id_schemas=lists["id_schemas"],
            mapping_actions=lists["mapping_actions"],
            audience_actions=lists["audience_actions"],
            most_rows=table["number"]["most_rows_per_request"]["value"],
        )


def segment_problems(body: Any, rules: AudienceRules) -> Iterator[BodyProblem]:
    """Yield what is wrong with a request to make or delete an audience.

    Args:
        body: Parsed JSON of `segment/audience/`.
        rules: Facts to judge by.
    """
    if not isinstance(body, dict):
        yield BodyProblem("", "Not a valid object")
        return
    yield from _unknown(body, {_ADVERTISER, _ACTION, _NAME, _DELETED})
    yield from id_problems(body, _ADVERTISER)
    action = body.get(_ACTION)
    if action not in rules.audience_actions:
        yield BodyProblem(_ACTION, "Not a valid choice" if _ACTION in body else _MISSING)
    elif action == rules.audience_actions[0]:
        yield from _name_problems(body)
    else:
        yield from id_problems(body, _DELETED)


def mapping_problems(body: Any, rules: AudienceRules) -> Iterator[BodyProblem]:
    """Yield what is wrong with a request about members, its envelope first, then row by row.

    Args:
        body: Parsed JSON of `segment/mapping/`.
        rules: Facts to judge by.
    """
    if not isinstance(body, dict):
        yield BodyProblem("", "Not a valid object")
        return
    yield from _unknown(body, {_ADVERTISERS, _ACTION, _SCHEMA, _ROWS})
    yield from id_list_problems(body, _ADVERTISERS)
    if _ACTION in body and body[_ACTION] not in rules.mapping_actions:
        yield BodyProblem(_ACTION, "Not a valid choice")
    schema_problems = list(_schema_problems(body, rules))
    yield from schema_problems
    rows = body.get(_ROWS)
    if not isinstance(rows, list):
        yield BodyProblem(_ROWS, _NOT_LIST if _ROWS in body else _MISSING)
    elif not 1 <= len(rows) <= rules.most_rows:
        yield BodyProblem(_ROWS, f"Length must be between 1 and {rules.most_rows}")
    elif not schema_problems:
        yield from _row_problems(rows, [digest_of(name) for name in body[_SCHEMA]])


def digest_of(name: str) -> Digest:
    """Return the form that identifiers of a type have, by the hash function in its name."""
    return _DIGESTS[name.upper().rpartition("_")[2]]


def id_problems(body: Mapping[str, Any], name: str) -> Iterator[BodyProblem]:
    """Yield what is wrong with a field that holds an id: digits in a text."""
    value = body.get(name)
    if not isinstance(value, str):
        yield BodyProblem(name, _NOT_TEXT if name in body else _MISSING)
    elif not _is_id(value):
        yield BodyProblem(name, "Not a valid id")


def id_list_problems(body: Mapping[str, Any], name: str, most: int | None = None) -> Iterator[BodyProblem]:
    """Yield what is wrong with a field that holds a list of ids.

    Args:
        body: Holds the field.
        name: The field.
        most: Longest allowed list, or None.
    """
    value = body.get(name)
    if not isinstance(value, list):
        yield BodyProblem(name, _NOT_LIST if name in body else _MISSING)
    elif not value:
        yield BodyProblem(name, _EMPTY)
    elif most is not None and len(value) > most:
        yield BodyProblem(name, f"Length must be between 1 and {most}")
    else:
        for place, item in enumerate(value):
            if not isinstance(item, str):
                yield BodyProblem(f"{name}.{place}", _NOT_TEXT)
            elif not _is_id(item):
                yield BodyProblem(f"{name}.{place}", "Not a valid id")


def _unknown(body: Mapping[str, Any], known: set[str]) -> Iterator[BodyProblem]:
    for name in body:
        if name not in known:
            yield BodyProblem(name, "Unknown field")


def _name_problems(body: Mapping[str, Any]) -> Iterator[BodyProblem]:
    name = body.get(_NAME)
    if not isinstance(name, str):
        yield BodyProblem(_NAME, _NOT_TEXT if _NAME in body else _MISSING)
    elif not name.strip():
        yield BodyProblem(_NAME, _EMPTY)


def _schema_problems(body: Mapping[str, Any], rules: AudienceRules) -> Iterator[BodyProblem]:
    schema = body.get(_SCHEMA)
    if not isinstance(schema, list):
        yield BodyProblem(_SCHEMA, _NOT_LIST if _SCHEMA in body else _MISSING)
        return
    if not schema:
        yield BodyProblem(_SCHEMA, _EMPTY)
    seen = set()
    for place, name in enumerate(schema):
        upper = name.upper() if isinstance(name, str) else None
        if upper not in rules.id_schemas:
            yield BodyProblem(f"{_SCHEMA}.{place}", "Not a valid choice")
        elif upper in seen:
            yield BodyProblem(f"{_SCHEMA}.{place}", "Stands twice")
        seen.add(upper)


def _row_problems(rows: Sequence[Any], digests: Sequence[Digest]) -> Iterator[BodyProblem]:
    width = len(digests)
    # Most cells name the same audiences as the one before, and to compare is quicker than to judge.
    latest: list[str] = []
    for number, row in enumerate(rows):
        if type(row) is not list or len(row) != width or not any(row):
            yield BodyProblem(f"{_ROWS}.{number}", _shape_message(row, width), number)
            continue
        for cell, (is_digest, _) in zip(row, digests, strict=True):
            if cell == {}:
                continue
            if type(cell) is dict and len(cell) == len(_CELL):
                value, audiences = cell.get("id"), cell.get("audience_ids")
                if type(value) is str and is_digest(value) and type(audiences) is list and audiences:
                    if audiences == latest:
                        continue
                    if next(id_list_problems(cell, "audience_ids"), None) is None:
                        latest = audiences
                        continue
            yield from _wrong_cells(number, row, digests)
            break


def _shape_message(row: Any, width: int) -> str:
    if not isinstance(row, list):
        return _NOT_LIST
    return f"Must have {width} cells, as id_schema has" if len(row) != width else "Must hold an identifier"


def _wrong_cells(number: int, row: Sequence[Any], digests: Sequence[Digest]) -> Iterator[BodyProblem]:
    for place, cell in enumerate(row):
        for path, message in _cell_problems(cell, digests[place]) if cell != {} else ():
            yield BodyProblem(f"{_ROWS}.{number}.{place}.{path}".rstrip("."), message, number)


def _cell_problems(cell: Any, digest: Digest) -> Iterator[tuple[str, str]]:
    if not isinstance(cell, dict):
        yield "", "Not a valid object"
        return
    yield from ((problem.path, problem.message) for problem in _unknown(cell, _CELL))
    value = cell.get("id")
    if not isinstance(value, str):
        yield "id", _NOT_TEXT if "id" in cell else _MISSING
    elif not digest[0](value):
        yield "id", digest[1]
    yield from ((problem.path, problem.message) for problem in id_list_problems(cell, "audience_ids"))
