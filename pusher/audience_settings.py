"""The settings of an audience view: its name, where it is kept, which identifiers go."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from pusher.account import AUDIENCE_KEYS, Account, place_of
from pusher.compile import Model
from pusher.errors import ConfigError, Problem
from pusher.payload.model import Payload

ADVERTISERS, ID_TYPES = AUDIENCE_KEYS


@dataclass(frozen=True, slots=True)
class AudienceSettings:
    """What holds for one audience view.

    Attributes:
        name: Name of the audience.
        advertisers: Where it is kept.
        kinds: Kinds of identifier to send, as requests name them; empty for all that the view has.
        rows_per_request: Most rows in a request.
    """

    name: str
    advertisers: tuple[str, ...]
    kinds: tuple[str, ...]
    rows_per_request: int


def audience_settings(account: Account, model: Model, payload: Payload) -> AudienceSettings:
    """Return what holds for an audience view: the model's `meta`, else the profile.

    Raises:
        ConfigError: A setting is missing or not in its form.
    """
    block: Mapping[str, Any] = model.meta.get("pusher") or {}
    problems: list[Problem] = []
    name = account.source_id_of(model, payload)
    if name is None:
        fix = f"Give it in the model's meta: pusher: {payload.source_id_setting}: ..., or in profiles.yml."
        problems.append(
            Problem(
                "no-audience-name", f"{model.name}: the audience has no name.", *place_of(model, "audience"), fix=fix
            )
        )
    elif (wrong := account.destination.audiences.name_problem(name)) is not None:
        problems.append(
            Problem("audience-name", f"{model.name}: {wrong}", *place_of(model, name), fix="Choose a shorter name.")
        )
    advertisers = _advertisers(account, model, block, problems)
    kinds = _kinds(model, payload, block, problems)
    if problems:
        raise ConfigError(*problems)
    rows = account.settings.values.get("members_per_request") or payload.limits.max_rows_per_request
    return AudienceSettings(name or "", advertisers, kinds, int(rows))


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
