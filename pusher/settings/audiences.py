"""The settings of an audience view: its name, where it is kept, which identifiers go."""

from __future__ import annotations

import re
from dataclasses import dataclass

from pusher.compile import Model
from pusher.errors import ConfigError, Problem
from pusher.payload.columns import ColumnFinding, missing_setting, source_id_missing
from pusher.payload.model import Payload
from pusher.settings.account import METHODS, Account
from pusher.settings.campaigns import needs_campaign
from pusher.settings.layers import Given, place_of

ADVERTISERS, ID_TYPES, METHOD, RETENTION = AUDIENCE_KEYS = ("advertiser_ids", "id_types", "method", "retention_days")
ROWS = "members_per_request"
STREAM, FILE = METHODS
_MISSING = {"audience_name": "no-audience-name", ADVERTISERS: "advertisers"}


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


def audience_settings(account: Account, model: Model, payload: Payload, *, may_wait: bool = False) -> AudienceSettings:
    """Return what holds for an audience view, of whichever layer says it.

    Args:
        account: The settings of the target.
        model: The view.
        payload: What it is pushed as.
        may_wait: A name that a campaign will fill is no problem: nothing is sent.

    Raises:
        ConfigError: A setting is missing or not in its form.
    """
    view = _View(account, model, payload)
    problems: list[Problem] = []
    name = account.source_id_of(model, payload)
    method = _method(view, problems)
    if name is not None and (wrong := _name_problem(account, name, method)) is not None:
        problems.append(_bad_name(view, wrong))
    if name is not None and account.campaign is None and needs_campaign(name) and not may_wait:
        fix = f"Say --campaign NAME --group NAME, or give one run a name: --set {payload.source_id_setting}=NAME."
        message = "the audience is named after a campaign and a group, and none is given."
        problems.append(view.problem("no-campaign", payload.source_id_setting, message, fix))
    advertisers = _advertisers(view, problems)
    kinds = _kinds(view, problems)
    retention = _retention(view, method, problems)
    problems += [
        Problem(_MISSING[one.column], f"{model.name}: {one.message}", *place_of(model, "audience"), fix=one.fix)
        for one in missing_audience_settings(account, model, payload)
    ]
    if problems:
        raise ConfigError(*problems)
    rows = view.given(ROWS)
    size = payload.limits.max_rows_per_request if rows is None else int(rows.value)
    return AudienceSettings(name or "", advertisers, kinds, size, method, retention)


def form_problems(account: Account, model: Model, payload: Payload) -> list[Problem]:
    """Return what is wrong with the settings of an audience view as they are written; a name of campaigns waits."""
    if payload.kind != "audience":
        return []
    view, problems = _View(account, model, payload), list[Problem]()
    method = _method(view, problems)
    _advertisers(view, problems)
    _kinds(view, problems)
    _retention(view, method, problems)
    given = view.given(payload.source_id_setting)
    if given is not None and isinstance(given.value, str) and not needs_campaign(given.value):
        wrong = _name_problem(account, given.value, method)
        problems += [] if wrong is None else [_bad_name(view, wrong)]
    return problems


def _bad_name(view: _View, wrong: str) -> Problem:
    return view.problem("audience-name", view.payload.source_id_setting, wrong, "Choose another name.")


def missing_audience_settings(account: Account, model: Model, payload: Payload) -> list[ColumnFinding]:
    """Return what an audience view needs and no layer gives."""
    view = _View(account, model, payload)
    found = []
    if view.given(payload.source_id_setting) is None:
        found.append(source_id_missing(payload))
    if view.given(ADVERTISERS) is None:
        example = str(_facts()["example"])
        found.append(missing_setting(ADVERTISERS, f'["{example}"]', f"['{example}']", example))
    return found


@dataclass(frozen=True, slots=True)
class _View:
    """A view whose settings are read."""

    account: Account
    model: Model
    payload: Payload

    def given(self, key: str) -> Given | None:
        return self.account.given(self.model, self.payload, key)

    def problem(self, code: str, key: str, message: str, fix: str) -> Problem:
        """Return a problem at the place of the layer that holds."""
        found = self.given(key)
        message = f"{self.model.name}: {message}"
        if found is None:
            return Problem(code, message, *place_of(self.model, key), fix=fix)
        return found.problem(code, message, fix)


def _facts() -> dict[str, object]:
    from pusher.destinations.tiktok.facts import tables

    found: dict[str, object] = tables("settings")[ADVERTISERS]
    return found


def _name_problem(account: Account, name: str, method: str) -> str | None:
    """Return what is wrong with a name; the two kinds of audience have names of different lengths."""
    destination = account.destination
    return (destination.file_audiences if method == FILE else destination.audiences).name_problem(name)


def _method(view: _View, problems: list[Problem]) -> str:
    given = view.given(METHOD)
    if given is None or given.value in METHODS:
        return STREAM if given is None else str(given.value)
    fix = f"Write {METHOD}: {FILE}, or leave it out to send who comes and who goes."
    problems.append(view.problem("audience-method", METHOD, f"`{METHOD}` must be one of {', '.join(METHODS)}.", fix))
    return STREAM


def _retention(view: _View, method: str, problems: list[Problem]) -> int | None:
    given = view.given(RETENTION)
    if given is None:
        return None
    most = view.account.destination.file_audiences.longest_retention_d
    if method == FILE and type(given.value) is int and 1 <= given.value <= most:
        return given.value
    message = f"`{RETENTION}` must be a whole number from 1 to {most}, of an audience with {METHOD}: {FILE}."
    fix = "Correct it, or leave it out: then each use and each change moves the end."
    problems.append(view.problem("retention-days", RETENTION, message, fix))
    return None


def _advertisers(view: _View, problems: list[Problem]) -> tuple[str, ...]:
    given = view.given(ADVERTISERS)
    if given is None:
        return ()
    listed, pattern = given.value, str(_facts()["pattern"])
    if (
        isinstance(listed, list)
        and listed
        and all(isinstance(one, str) and re.fullmatch(pattern, one) for one in listed)
    ):
        return tuple(dict.fromkeys(listed))
    message = f"`{ADVERTISERS}` must be a list of quoted texts, each of 19 digits."
    fix = f'Write {ADVERTISERS}: ["{_facts()["example"]}"].'
    problems.append(view.problem("advertisers", ADVERTISERS, message, fix))
    return ()


def _kinds(view: _View, problems: list[Problem]) -> tuple[str, ...]:
    known = {field.column.upper(): field.path for field in view.payload.fields}
    found = view.given(ID_TYPES)
    if found is None:
        return ()
    given = found.value
    if isinstance(given, list) and given and all(isinstance(one, str) and one.upper() in known for one in given):
        return tuple(dict.fromkeys(known[one.upper()] for one in given))
    fix = f"Write {ID_TYPES}: [{next(iter(known))}], or leave it out to send every identifier of the view."
    message = f"`{ID_TYPES}` must be a list of {', '.join(known)}."
    problems.append(view.problem("id-types", ID_TYPES, message, fix))
    return ()
