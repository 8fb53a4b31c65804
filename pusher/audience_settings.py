"""The settings of an audience view: its name, where it is kept, which identifiers go."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from pusher.account import AUDIENCE_KEYS, METHODS, Account, place_of
from pusher.compile import Model
from pusher.errors import ConfigError, Problem
from pusher.payload.model import Payload

ADVERTISERS, ID_TYPES, METHOD, RETENTION = AUDIENCE_KEYS
STREAM, FILE = METHODS


@dataclass(frozen=True, slots=True)
class AudienceSettings:
    """What holds for one audience view.

    Attributes:
        name: Name of the audience.
        advertisers: Where it is kept.
        kinds: Kinds of identifier to send, as requests name them; empty for all that the view has.
        rows_per_request: Most rows in a request.
        method: `stream`, or `file` when all members are given as files.
        retention_d: Days from its making to the end of an audience of files, or None.
    """

    name: str
    advertisers: tuple[str, ...]
    kinds: tuple[str, ...]
    rows_per_request: int
    method: str = STREAM
    retention_d: int | None = None


def audience_settings(account: Account, model: Model, payload: Payload) -> AudienceSettings:
    """Return what holds for an audience view: the model's `meta`, else the profile.

    Raises:
        ConfigError: A setting is missing or not in its form.
    """
    block: Mapping[str, Any] = model.meta.get("pusher") or {}
    problems: list[Problem] = []
    name = account.source_id_of(model, payload)
    method = _method(model, block, problems)
    if name is None:
        fix = f"Give it in the model's meta: pusher: {payload.source_id_setting}: ..., or in profiles.yml."
        problems.append(
            Problem(
                "no-audience-name", f"{model.name}: the audience has no name.", *place_of(model, "audience"), fix=fix
            )
        )
    elif (wrong := _name_problem(account, name, method)) is not None:
        problems.append(
            Problem("audience-name", f"{model.name}: {wrong}", *place_of(model, name), fix="Choose a shorter name.")
        )
    advertisers = _advertisers(account, model, block, problems)
    kinds = _kinds(model, payload, block, problems)
    retention = _retention(account, model, block, problems)
    if problems:
        raise ConfigError(*problems)
    rows = account.settings.values.get("members_per_request") or payload.limits.max_rows_per_request
    return AudienceSettings(name or "", advertisers, kinds, int(rows), method, retention)


def _name_problem(account: Account, name: str, method: str) -> str | None:
    """Return what is wrong with a name; the two kinds of audience have names of different lengths."""
    destination = account.destination
    return (destination.file_audiences if method == FILE else destination.audiences).name_problem(name)


def _method(model: Model, block: Mapping[str, Any], problems: list[Problem]) -> str:
    given = block.get(METHOD, STREAM)
    if given in METHODS:
        return str(given)
    message = f"{model.name}: `{METHOD}` must be one of {', '.join(METHODS)}."
    fix = f"Write {METHOD}: {FILE}, or leave it out to send who comes and who goes."
    problems.append(Problem("audience-method", message, *place_of(model, METHOD), fix=fix))
    return STREAM


def _retention(account: Account, model: Model, block: Mapping[str, Any], problems: list[Problem]) -> int | None:
    given = block.get(RETENTION)
    if given is None:
        return None
    most = account.destination.file_audiences.longest_retention_d
    if block.get(METHOD) == FILE and type(given) is int and 1 <= given <= most:
        return given
    message = (
        f"{model.name}: `{RETENTION}` must be a whole number from 1 to {most}, of an audience with {METHOD}: {FILE}."
    )
    fix = "Correct it, or leave it out: then each use and each change moves the end."
    problems.append(Problem("retention-days", message, *place_of(model, RETENTION), fix=fix))
    return None


def _advertisers(account: Account, model: Model, block: Mapping[str, Any], problems: list[Problem]) -> tuple[str, ...]:
    from pusher.destinations.tiktok.facts import tables

    given = block.get(ADVERTISERS, account.settings.values.get(ADVERTISERS))
    pattern = tables("settings")[ADVERTISERS]["pattern"]
    if isinstance(given, list) and given and all(isinstance(one, str) and re.fullmatch(pattern, one) for one in given):
        return tuple(dict.fromkeys(given))
    message = f"{model.name}: the advertisers of the audience are missing."
    if given:
        message = f"{model.name}: `{ADVERTISERS}` must be a list of quoted texts, each of 19 digits."
    fix = 'Write advertiser_ids: ["7654321098765432109"] in the target of profiles.yml, or in the meta of the model.'
    problems.append(Problem("advertisers", message, *place_of(model, ADVERTISERS), fix=fix))
    return ()


def _kinds(model: Model, payload: Payload, block: Mapping[str, Any], problems: list[Problem]) -> tuple[str, ...]:
    known = {field.column.upper(): field.path for field in payload.fields}
    given = block.get(ID_TYPES)
    if given is None:
        return ()
    if isinstance(given, list) and given and all(isinstance(one, str) and one.upper() in known for one in given):
        return tuple(dict.fromkeys(known[one.upper()] for one in given))
    message = f"{model.name}: `{ID_TYPES}` must be a list of {', '.join(known)}."
    fix = f"Write {ID_TYPES}: [{next(iter(known))}], or leave it out to send every identifier of the view."
    problems.append(Problem("id-types", message, *place_of(model, ID_TYPES), fix=fix))
    return ()
