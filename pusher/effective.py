"""Which settings hold for one destination view, and which layer set each."""

from __future__ import annotations

import os
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from typing import Any

from pusher.account import AUDIENCE_KEYS, DEFAULT_CONCURRENCY, EMBEDDED, METHODS, TOKEN_VARIABLE, Account
from pusher.compile import Model
from pusher.credentials import DEFAULT_NAME, CredentialStore
from pusher.payload.model import Payload

MASK = "****"


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
    """

    name: str
    value: str | None
    layer: str
    file: str | None = None
    line: int | None = None


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
    names = list(dict.fromkeys(("base_url", "access_token", source_id, *account.known_settings)))
    others = {one.source_id_setting for one in account.destination.payloads.values()} - {source_id}
    if payload.kind != "audience":
        others.add("members_per_request")
    else:
        names += [key for key in AUDIENCE_KEYS if key not in names]
    found = [_setting(account, model, payload, name) for name in names if name not in others]
    return [*found, *_row(payload, columns)]


def _setting(account: Account, model: Model, payload: Payload, name: str) -> EffectiveSetting:
    if name in account.overrides:
        return EffectiveSetting(name, account.overrides[name], "run")
    block = model.meta.get("pusher") or {}
    if name in block and name in {payload.source_id_setting, *AUDIENCE_KEYS}:
        return EffectiveSetting(name, _text(block[name]), "template", model.path)
    settings = account.settings
    given = {"base_url": settings.base_url, "access_token": settings.access_token, **settings.values}.get(name)
    if given is not None:
        line, _ = settings.document.lines.get((*settings.path, name), (None, None))
        value = MASK if name == "access_token" else _text(given)
        return EffectiveSetting(name, value, "destination", settings.document.file, line)
    if name == "access_token" and os.environ.get(TOKEN_VARIABLE):
        return EffectiveSetting(name, MASK, "environment")
    if name == "access_token" and account.uses_credential and CredentialStore().place_of(account.credential_name):
        return EffectiveSetting(name, f"{MASK} of the credential {account.credential_name}", "credential")
    return EffectiveSetting(name, _default(account, payload, name), "default")


def _default(account: Account, payload: Payload, name: str) -> str | None:
    match name:
        case "base_url":
            return account.production_base_url
        case "access_token":
            return "not needed" if account.settings.base_url == EMBEDDED else None
        case "credential":
            return DEFAULT_NAME
        case "requests_per_second":
            return f"{account.default_rate(payload.limits.default_requests_per_s):g}"
        case "members_per_request":
            return str(payload.limits.max_rows_per_request)
        case "method":
            return METHODS[0]
        case "concurrency":
            return str(DEFAULT_CONCURRENCY)
        case _:
            return None


def _row(payload: Payload, columns: Collection[str]) -> Iterator[EffectiveSetting]:
    """Yield the column that names the event source in each row."""
    known = {payload.source_id.column, *payload.source_id.aliases}
    for column in columns:
        if column.lower() in known:
            yield EffectiveSetting(payload.source_id_setting, f"column {column}, where it is filled", "row")


def _text(value: Any) -> str:
    return ", ".join(str(one) for one in value) if isinstance(value, list | tuple) else str(value)
