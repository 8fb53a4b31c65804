"""Judges requests about audiences of files, and the files: what each line must be."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Any

from pusher.payload.audience_body import (
    choice_problems,
    digest_of,
    id_list_problems,
    id_problems,
    text_list_problems,
    text_problems,
    unknown_problems,
)
from pusher.payload.validate import BodyProblem

_ADVERTISER, _AUDIENCE, _AUDIENCES = "advertiser_id", "custom_audience_id", "custom_audience_ids"
_NAME, _PATHS, _ACTION, _SUB_TYPE, _TYPE = (
    "custom_audience_name",
    "file_paths",
    "action",
    "audience_sub_type",
    "calculate_type",
)
_RETENTION, _ENHANCEMENT, _SIGNATURE = "retention_in_days", "audience_enhancement", "file_signature"
_SHARED, _SHARED_WITH = "shared_advertiser_id", "shared_advertiser_ids"
_is_md5 = re.compile(r"[0-9a-fA-F]{32}").fullmatch
_is_path = re.compile(r"[0-9A-Za-z_/.-]{1,255}").fullmatch
# Large enough that the calls are few, small enough that what they hold is little.
_LINES = 50_000

INVALID, OUT_OF_SPEC = "invalid", "out_of_spec"
Batch = tuple[int, list[tuple[str, list[str]]]]
"""How many lines were read, and the identifiers in them by type."""


class WrongFile(Exception):
    """A file is not as its type asks.

    Args:
        kind: `invalid` for an identifier, `out_of_spec` for the shape.
        message: With the line.
    """

    def __init__(self, kind: str, message: str) -> None:
        super().__init__(message)
        self.kind = kind


@dataclass(frozen=True, slots=True)
class FileRules:
    """What the contract says about audiences of files.

    Attributes:
        calculate_types: Types of an audience.
        upload_types: Types of a file: those, and other names of theirs.
        same_type: Name to the one that it stands for.
        several_types: The type of a file with a header.
        headers: Columns of such a file.
        most_columns: How often a column may stand in it.
        endings: Of the names of files.
        actions: Of an update.
        sub_types: Of an audience.
        name_characters: Longest name.
        most_files: Files in a request.
        most_retention_d: Longest retention.
        most_ids: Audiences in a request.
        most_shared: Audiences, and accounts, in a request to share.
    """

    calculate_types: tuple[str, ...]
    upload_types: tuple[str, ...]
    same_type: Mapping[str, str]
    several_types: str
    headers: tuple[str, ...]
    most_columns: int
    endings: tuple[str, ...]
    actions: tuple[str, ...]
    sub_types: tuple[str, ...]
    name_characters: int
    most_files: int
    most_retention_d: int
    most_ids: int
    most_shared: int

    @classmethod
    def of(cls, table: Mapping[str, Any]) -> FileRules:
        """Return the rules of the contract's file about audiences."""
        lists = {name: tuple(fact["values"]) for name, fact in table["list"].items()}
        numbers = {name: fact["value"] for name, fact in table["number"].items()}
        return cls(
            calculate_types=lists["calculate_types"],
            upload_types=lists["calculate_types"] + lists["upload_types"],
            same_type={name: fact["value"] for name, fact in table["same_type"].items()},
            several_types=table["text"]["several_types"]["value"],
            headers=lists["file_headers"],
            most_columns=numbers["most_columns_of_a_header"],
            endings=lists["file_endings"],
            actions=lists["file_actions"],
            sub_types=lists["sub_types"],
            name_characters=numbers["file_name_characters"],
            most_files=numbers["most_files_per_request"],
            most_retention_d=numbers["most_retention_d"],
            most_ids=numbers["most_ids_per_request"],
            most_shared=numbers["most_shared_per_request"],
        )

    def type_of(self, name: str) -> str:
        """Return the type that a name stands for."""
        return self.same_type.get(name, name)


# Requests


def upload_problems(fields: Mapping[str, Any]) -> Iterator[BodyProblem]:
    """Yield what is wrong with the fields of an upload, beside its file and its type."""
    yield from unknown_problems(fields, {_ADVERTISER, _SIGNATURE, _TYPE, "name", "file"})
    yield from id_problems(fields, _ADVERTISER)
    yield from text_problems(fields, _SIGNATURE)
    if isinstance(signature := fields.get(_SIGNATURE), str) and not _is_md5(signature):
        yield BodyProblem(_SIGNATURE, "Not an MD5 digest of 32 hexadecimal digits")
    yield from text_problems(fields, _TYPE)
    if "name" in fields:
        yield from text_problems(fields, "name")


def create_problems(body: Any, rules: FileRules) -> Iterator[BodyProblem]:
    """Yield what is wrong with a request to make an audience of files."""
    known = {_ADVERTISER, _NAME, _TYPE, _PATHS, _SUB_TYPE, _RETENTION, _ENHANCEMENT}
    if (wrong := _shape(body, known)) is not None:
        yield from wrong
        return
    yield from id_problems(body, _ADVERTISER)
    yield from text_problems(body, _NAME, rules.name_characters)
    yield from choice_problems(body, _TYPE, rules.calculate_types)
    yield from _path_problems(body, rules)
    if _SUB_TYPE in body:
        yield from choice_problems(body, _SUB_TYPE, rules.sub_types)
    if _RETENTION in body:
        days = body[_RETENTION]
        if type(days) is not int or not 1 <= days <= rules.most_retention_d:
            yield BodyProblem(_RETENTION, f"Must be a whole number from 1 to {rules.most_retention_d}")
    if _ENHANCEMENT in body and type(body[_ENHANCEMENT]) is not bool:
        yield BodyProblem(_ENHANCEMENT, "Not a valid boolean")


def update_problems(body: Any, rules: FileRules) -> Iterator[BodyProblem]:
    """Yield what is wrong with a request to change an audience of files."""
    if (wrong := _shape(body, {_ADVERTISER, _AUDIENCE, _NAME, _PATHS, _ACTION, _SUB_TYPE})) is not None:
        yield from wrong
        return
    yield from id_problems(body, _ADVERTISER)
    yield from id_problems(body, _AUDIENCE)
    if not {_NAME, _PATHS, _SUB_TYPE} & body.keys():
        yield BodyProblem("", f"One of {_NAME} and {_PATHS} is required")
    if _NAME in body:
        yield from text_problems(body, _NAME, rules.name_characters)
    if _PATHS in body:
        yield from _path_problems(body, rules)
    if _ACTION in body:
        yield from choice_problems(body, _ACTION, rules.actions)
    if _SUB_TYPE in body:
        yield from choice_problems(body, _SUB_TYPE, rules.sub_types)


def delete_problems(body: Any, rules: FileRules) -> Iterator[BodyProblem]:
    """Yield what is wrong with a request to delete audiences."""
    if (wrong := _shape(body, {_ADVERTISER, _AUDIENCES})) is not None:
        yield from wrong
        return
    yield from id_problems(body, _ADVERTISER)
    yield from id_list_problems(body, _AUDIENCES, rules.most_ids)


def share_problems(body: Any, rules: FileRules) -> Iterator[BodyProblem]:
    """Yield what is wrong with a request to share audiences."""
    if (wrong := _shape(body, {_ADVERTISER, _AUDIENCES, _SHARED_WITH})) is not None:
        yield from wrong
        return
    yield from id_problems(body, _ADVERTISER)
    yield from id_list_problems(body, _AUDIENCES, rules.most_shared)
    yield from id_list_problems(body, _SHARED_WITH, rules.most_shared)


def cancel_problems(body: Any) -> Iterator[BodyProblem]:
    """Yield what is wrong with a request to end a share."""
    if (wrong := _shape(body, {_ADVERTISER, _AUDIENCE, _SHARED})) is not None:
        yield from wrong
        return
    for name in (_ADVERTISER, _AUDIENCE, _SHARED):
        yield from id_problems(body, name)


def _shape(body: Any, known: Collection[str]) -> list[BodyProblem] | None:
    """Return why a body cannot be judged further, or None."""
    if not isinstance(body, dict):
        return [BodyProblem("", "Not a valid object")]
    return list(unknown_problems(body, known)) or None


def _path_problems(body: Mapping[str, Any], rules: FileRules) -> Iterator[BodyProblem]:
    yield from text_list_problems(body, _PATHS, rules.most_files, _is_path, "Not a valid file path")


# Files


def identifiers(lines: Iterable[str], calculate_type: str, rules: FileRules) -> Iterator[Batch]:
    """Yield the identifiers of a file, many lines at a time.

    Args:
        lines: Of the file, in order.
        calculate_type: Type of the file.
        rules: Facts to judge by.

    Raises:
        WrongFile: A line is not as the type asks.
    """
    several = calculate_type == rules.several_types
    return _columns(iter(lines), rules) if several else _single(iter(lines), rules.type_of(calculate_type))


def _single(lines: Iterator[str], id_type: str) -> Iterator[Batch]:
    number = 1
    while batch := [line.rstrip("\r\n") for line in islice(lines, _LINES)]:
        _check(batch, id_type, number)
        yield len(batch), [(id_type, batch)]
        number += len(batch)


def _columns(lines: Iterator[str], rules: FileRules) -> Iterator[Batch]:
    types = _header(next(lines, ""), rules)
    number = 2
    while batch := [line.rstrip("\r\n").split(",") for line in islice(lines, _LINES)]:
        for place, row in enumerate(batch):
            if len(row) != len(types):
                raise WrongFile(OUT_OF_SPEC, f"Line {number + place}: Must have {len(types)} fields, as the header has")
        found = []
        for name, cells in zip(types, zip(*batch, strict=True), strict=True):
            _check(cells, name, number, may_be_empty=True)
            found.append((rules.type_of(name), [cell for cell in cells if cell]))
        yield len(batch), found
        number += len(batch)


def _header(line: str, rules: FileRules) -> list[str]:
    known = {name.upper() for name in rules.headers}
    names = [name.strip().upper() for name in line.split(",")]
    for name in names:
        if name not in known:
            raise WrongFile(OUT_OF_SPEC, f"Line 1: A header holds only {', '.join(rules.headers)}")
        if names.count(name) > rules.most_columns:
            raise WrongFile(OUT_OF_SPEC, f"Line 1: {name} stands more than {rules.most_columns} times")
    return names


def _check(values: Sequence[str], name: str, number: int, *, may_be_empty: bool = False) -> None:
    """Look at a column; most are right, and that is quick to see."""
    has_form, message = _form_of(name)
    if all(map(has_form, values)):
        return
    for place, value in enumerate(values):
        if not (has_form(value) or (may_be_empty and not value)):
            raise WrongFile(INVALID, f"Line {number + place}: {message}")


def _form_of(name: str) -> tuple[Callable[[str], object], str]:
    """Return the form of a type, and what is said of a value without it; a name without a hash is of raw ids."""
    return digest_of(name) if "_" in name else (str.strip, "Must not be empty")
