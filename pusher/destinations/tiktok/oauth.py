"""How a token is granted, listed and revoked: addresses, bodies and answers; sends nothing itself.

The grant is TikTok's for advertisers: a long-term token without a refresh token. It documents no PKCE, so none is
claimed.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any
from urllib.parse import urlencode, urlsplit

from pusher.config import DestinationSettings, Secret
from pusher.contracts import Answer, Endpoint, Failure, Verdict
from pusher.destinations.tiktok.facts import contract, tables
from pusher.destinations.tiktok.responses import data_of, verdict
from pusher.destinations.tiktok.settings import TOKEN_HEADER, SecretHeaders, check_settings

EXCHANGE, REVOKE, ADVERTISERS = "oauth2/access_token/", "oauth2/revoke_token/", "oauth2/advertiser/get/"
_TOKEN = re.compile(r"[\x21-\x7e]{8,4096}")
_ID = re.compile(r"[0-9]{1,32}")


@dataclass(frozen=True, slots=True)
class Grant:
    """What the exchange of a code gives.

    Attributes:
        token: The access token.
        advertiser_ids: Ad accounts that it reaches.
        scopes: Ids of the scopes that were granted.
    """

    token: Secret
    advertiser_ids: tuple[str, ...]
    scopes: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Scope:
    """A permission of a token.

    Attributes:
        id: Number, as text.
        name: Name in the app's settings; the id where it is not known.
    """

    id: str
    name: str


def fact(name: str) -> Any:
    """Return a value of `oauth.toml`."""
    return tables("oauth")["fact"][name]["value"]


def redirect_uris() -> list[str]:
    """Return the redirect URLs that the developer app needs, one for each port."""
    return [f"http://{fact('redirect_host')}:{port}{fact('redirect_path')}" for port in fact("redirect_ports")]


def endpoint(settings: DestinationSettings | None, token: Secret | None = None) -> Endpoint:
    """Return where tokens are granted: the host of the settings, or the real API without any.

    Args:
        settings: The target's block, whose base URL is not the embedded sandbox; None outside of a project.
        token: Token of the requests, or None for those that need none.

    Raises:
        ConfigError: The base URL is not allowed, or a key of the block is wrong.
    """
    if settings is not None:
        check_settings(settings)
    given = settings.base_url if settings is not None else None
    base_url = (given or contract().production_base_url).rstrip("/")
    headers = SecretHeaders({TOKEN_HEADER: token.reveal()} if token else {})
    return Endpoint(base_url, headers, app=None, shown_as=base_url)


def authorisation_url(base_url: str, *, app_id: str, state: str, redirect_uri: str) -> str:
    """Return the page where a person consents."""
    parts = urlsplit(base_url)
    query = urlencode({"app_id": app_id, "state": state, "redirect_uri": redirect_uri})
    return f"{parts.scheme}://{parts.netloc}{fact('authorise_path')}?{query}"


def code_of(query: Mapping[str, Sequence[str]]) -> str | None:
    """Return the code in the parameters of a redirect, or None when there is none or more than one."""
    for name in fact("code_parameters"):
        values = query.get(name, ())
        if values:
            return values[0] if len(values) == 1 and _TOKEN.fullmatch(values[0]) else None
    return None


def exchange(app_id: str, secret: Secret, code: str) -> bytes:
    """Return the body that exchanges a code."""
    return json.dumps({"app_id": app_id, "secret": secret.reveal(), "auth_code": code}).encode()


def revocation(app_id: str, secret: Secret, token: Secret) -> bytes:
    """Return the body that ends a token."""
    return json.dumps({"app_id": app_id, "secret": secret.reveal(), "access_token": token.reveal()}).encode()


def advertisers_path(app_id: str, secret: Secret) -> str:
    """Return the path that lists the ad accounts of a token; TikTok wants the secret in the query."""
    return f"{ADVERTISERS}?{urlencode({'app_id': app_id, 'secret': secret.reveal()})}"


def grant_of(answer: Answer) -> Grant | None:
    """Return what an accepted exchange gives, or None when it has no token."""
    data = data_of(answer)
    token = data.get("access_token")
    if not isinstance(token, str) or not is_token(token):
        return None
    return Grant(Secret(token), _ids(data.get("advertiser_ids")), _ids(data.get("scope")))


def advertisers_of(answer: Answer) -> tuple[tuple[str, str], ...] | None:
    """Return the ad accounts in an accepted answer as (id, name), or None when it has no list."""
    listed = data_of(answer).get("list")
    if not isinstance(listed, list):
        return None
    found = []
    for one in listed:
        ids = _ids([one.get("advertiser_id")]) if isinstance(one, dict) else ()
        if ids:
            name = one.get("advertiser_name")
            found.append((ids[0], name if isinstance(name, str) else ""))
    return tuple(found)


def judged(result: Answer | Failure) -> Verdict:
    """Return what a request about tokens proved."""
    return verdict(contract(), result, rows=0)


def is_no_token(proved: Verdict) -> bool:
    """Say whether TikTok refused because the token works no longer."""
    return proved.outcome == "halt" and proved.code == tables("responses")["answer"]["codes"]["token_wrong"]


def is_token(text: str) -> bool:
    """Say whether a text can be a token: printable, without blanks."""
    return _TOKEN.fullmatch(text) is not None


# Scopes


def scope(id_: str) -> Scope:
    """Return a scope by its id."""
    return Scope(id_, _scopes().get(id_, {}).get("name", id_))


def is_granted(id_: str, granted: Iterable[str]) -> bool:
    """Say whether a scope, or one above it, was granted."""
    known, current = frozenset(granted), id_
    while current not in known:
        parent = _scopes().get(current, {}).get("parent")
        if parent is None:
            return False
        current = parent
    return True


@cache
def _scopes() -> dict[str, dict[str, Any]]:
    return {one["id"]: one for one in tables("oauth")["scope"]}


def _ids(values: Any) -> tuple[str, ...]:
    """Return ids, which may come as numbers, as texts."""
    listed = values if isinstance(values, list) else []
    texts = (str(value) for value in listed if isinstance(value, int | str) and not isinstance(value, bool))
    return tuple(text for text in texts if _ID.fullmatch(text))
