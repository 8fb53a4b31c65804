"""Which settings hold for one destination view, which layer set each, and what it would be otherwise."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from pusher.compile import Model
from pusher.credentials import DEFAULT_NAME, CredentialStore
from pusher.errors import Problem
from pusher.payload.columns import source_id_missing
from pusher.payload.model import Payload
from pusher.settings.account import DEFAULT_CONCURRENCY, EMBEDDED, METHODS, Account
from pusher.settings.audiences import missing_audience_settings
from pusher.settings.layers import Given
from pusher.settings.offering import Offering
from pusher.settings.offers import SWITCHES, switch
from pusher.settings.tokens import CREDENTIAL, TOKEN

if TYPE_CHECKING:
    from pusher.push.plan import View

MASK = "****"
_DEFAULTS = {
    "credential": DEFAULT_NAME,
    "method": METHODS[0],
    "concurrency": str(DEFAULT_CONCURRENCY),
    "visible_to_orchestrations": "true",
    "visible_to_campaigns": "false",
    "allow_restricted_pii": "false",
}


@dataclass(frozen=True, slots=True)
class EffectiveSetting:
    """A setting, and what set it.

    Attributes:
        name: Key of the destination's block.
        value: As text, a secret masked; None when nothing sets it.
        layer: `default`, `destination` (profiles.yml), `environment`, `credential` (the user's own store), `template`
            (the model's meta), `run` (`--set`) or `row` (a column of the view, which wins in each row that fills it).
        file: File that sets it, or None.
        line: 1-based line of its key, or None.
        otherwise: What it would be without this layer; None for a default.
    """

    name: str
    value: str | None
    layer: str
    file: str | None = None
    line: int | None = None
    otherwise: EffectiveSetting | None = None


@dataclass(frozen=True, slots=True)
class ViewConfig:
    """The settings of a destination view.

    Attributes:
        model: Model name.
        payload: What it is pushed as.
        settings: Each setting with the layer that set it.
        title: Its name for people, from its template or its destination.
        description: What it is for, from its template, its destination or its YAML.
        lacks: What a push needs and nothing gives.
        offered_to: `orchestrations` and `campaigns`, as far as it is offered to them.
        may_push_from: Those of them from which this user may push it.
    """

    model: str
    payload: str
    settings: list[EffectiveSetting]
    title: str | None
    description: str | None
    lacks: list[Problem]
    offered_to: list[str]
    may_push_from: list[str]


def view_config(offering: Offering, view: View, columns: Collection[str]) -> ViewConfig:
    """Return every setting that a push of a view reads, and what it lacks.

    Args:
        offering: What may be pushed by whom.
        view: The view.
        columns: Names of its columns.
    """
    account, payload = offering.account, view.payload
    model = offering.manifest.models[view.model]
    settings = effective_settings(account, model, payload, columns)
    by_name = {one.name: one for one in reversed(settings)}
    return ViewConfig(
        model=model.name,
        payload=payload.name,
        settings=settings,
        title=by_name["name"].value,
        description=by_name["description"].value or model.description or None,
        lacks=_lacks(account, model, payload, columns),
        offered_to=offering.offered_to(view),
        may_push_from=offering.may_push_from(view),
    )


def effective_settings(
    account: Account, model: Model, payload: Payload, columns: Collection[str]
) -> list[EffectiveSetting]:
    """Return every setting that a push of this view reads.

    Args:
        account: The settings of the target.
        model: The destination view.
        payload: What it is pushed as.
        columns: Names of its columns.
    """
    source_id = payload.source_id_setting
    others = {one.source_id_setting for one in account.destination.payloads.values()} - {source_id}
    names = dict.fromkeys(("base_url", TOKEN, source_id, *account.known_settings("destination", payload.kind)))
    found = [_setting(account, model, payload, name) for name in names if name not in others]
    return [*found, *_row(payload, columns, next(one for one in found if one.name == source_id))]


def _setting(account: Account, model: Model, payload: Payload, name: str) -> EffectiveSetting:
    """Return a setting whose `otherwise` leads through the weaker layers down to the default."""
    chain = [*_layers(account, model, payload, name)]
    found = EffectiveSetting(name, _default(account, payload, name), "default")
    for one in reversed(chain):
        found = replace(one, otherwise=found)
    return found


def _layers(account: Account, model: Model, payload: Payload, name: str) -> Iterator[EffectiveSetting]:
    if name == TOKEN:
        yield from _tokens(account, payload)
        return
    if name == "base_url":
        yield from _base_url(account)
        return
    layers = account.layers(model, payload, name)
    if name in SWITCHES and (by := switch(account, model, payload, name).by) in layers:
        # What one layer closes, the other does not open.
        layers.sort(key=lambda one: one != by)
    for one in layers:
        yield _of(name, one)


def _of(name: str, given: Given) -> EffectiveSetting:
    return EffectiveSetting(name, _text(given.value), given.layer, given.file, given.line)


def _base_url(account: Account) -> Iterator[EffectiveSetting]:
    """Yield what says where a push goes; the account keeps it apart from the other settings."""
    name, settings = "base_url", account.in_profile
    if name in account.overrides:
        yield EffectiveSetting(name, account.overrides[name], "run")
    if settings.base_url is not None:
        line, _ = settings.document.lines.get((*settings.path, name), (None, None))
        yield EffectiveSetting(name, settings.base_url, "destination", settings.document.file, line)


def _tokens(account: Account, payload: Payload) -> Iterator[EffectiveSetting]:
    """Yield every place that gives the token of a view; a credential that is named and not there gives none."""
    for source in account.tokens.sources(payload.kind):
        given = source.given
        layer = given.layer if source.kind == TOKEN and given is not None else source.kind
        file, line = (None, None) if given is None else (given.file, given.line)
        if source.kind != CREDENTIAL:
            yield EffectiveSetting(TOKEN, MASK, layer, file, line)
        elif not account.is_embedded:
            is_there = CredentialStore().place_of(source.credential or DEFAULT_NAME) is not None
            if is_there or given is not None:
                value = f"{MASK} of the credential {source.credential}" if is_there else None
                yield EffectiveSetting(TOKEN, value, layer, file, line)


def _default(account: Account, payload: Payload, name: str) -> str | None:
    match name:
        case "base_url":
            return account.production_base_url
        case "access_token":
            return "not needed" if account.settings.base_url == EMBEDDED else None
        case "requests_per_second":
            return f"{account.default_rate(payload.limits.default_requests_per_s):g}"
        case "members_per_request":
            return str(payload.limits.max_rows_per_request)
        case "preflight":
            from pusher.destinations.tiktok.settings import is_preflighted

            return _text(is_preflighted(account.settings))
        case _:
            return _DEFAULTS.get(name)


def _row(payload: Payload, columns: Collection[str], setting: EffectiveSetting) -> Iterator[EffectiveSetting]:
    """Yield the column that names the event source in each row."""
    known = {payload.source_id.column, *payload.source_id.aliases}
    for column in columns:
        if column.lower() in known:
            text = f"column {column}, where it is filled"
            yield EffectiveSetting(payload.source_id_setting, text, "row", otherwise=setting)


def _text(value: Any) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    return ", ".join(str(one) for one in value) if isinstance(value, list | tuple) else str(value)


def _lacks(account: Account, model: Model, payload: Payload, columns: Collection[str]) -> list[Problem]:
    """Return what a push of the view needs and nothing gives, each with every place where it could stand."""
    if payload.kind == "audience":
        found = missing_audience_settings(account, model, payload)
    else:
        known = {payload.source_id.column, *payload.source_id.aliases}
        is_given = account.given(model, payload, payload.source_id_setting) is not None
        found = [] if is_given or known & {one.lower() for one in columns} else [source_id_missing(payload)]
    return [Problem(one.code, f"{model.name}: {one.message}", model.path, fix=one.fix) for one in found]
