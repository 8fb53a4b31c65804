"""OAuth in the sandbox: the page where a person consents, the exchange of a code, and tokens that end.

Whoever opens the page consents at once. Codes, tokens and secrets are stored as digests only. A request without a
token, or with one that was not made here, is let in as ever, unless the sandbox requires tokens.
"""

from __future__ import annotations

import hashlib
import json
import secrets
import sqlite3
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any, ClassVar
from urllib.parse import urlencode, urlsplit

from pusher.destinations.tiktok import oauth
from pusher.destinations.tiktok.facts import tables
from pusher.destinations.tiktok.sandbox_http import Refusal, Request, Route, Rules, parsed, refusal_of
from pusher.destinations.tiktok.sandbox_state import Change, Look, Result, Work
from pusher.payload.validate import BodyProblem

OAUTH = "oauth"
_ACCOUNTS = ("7654321098765432109",)
"""The one of profiles.yml.example, where the sandbox was not told which exist."""
_ACCOUNT_NAME = "Sandbox account"
_APP_WRONG = Result("app_wrong", "The app_id and secret do not match")


@dataclass(frozen=True, slots=True)
class Consent(Change):
    """A person consents.

    Attributes:
        app_id: The app.
        redirect_uri: Where the browser goes next.
        state: Comes back as it was given.
    """

    app_id: str
    redirect_uri: str
    state: str
    kind: ClassVar[str] = "consent"

    def run(self, connection: sqlite3.Connection, now_s: float) -> Result:
        """Make a code."""
        code = secrets.token_hex(20)
        connection.execute("insert into auth_codes values (?, ?, ?, null)", (_digest(code), self.app_id, now_s))
        first, second = oauth.fact("code_parameters")
        query = urlencode({first: code, second: code, "state": self.state})
        return Result(location=f"{self.redirect_uri}?{query}")


@dataclass(frozen=True, slots=True)
class Exchange(Change):
    """A code becomes a token.

    Attributes:
        app_id: The app.
        secret_sha256: Digest of its secret.
        code_sha256: Digest of the code.
        advertisers: Ad accounts that the person has.
        scopes: Scopes of the app.
    """

    app_id: str
    secret_sha256: str
    code_sha256: str
    advertisers: Sequence[str]
    scopes: Sequence[str]
    kind: ClassVar[str] = "exchange"

    def run(self, connection: sqlite3.Connection, now_s: float) -> Result:
        """Make the token, once."""
        if not _is_app(connection, self.app_id, self.secret_sha256):
            return _APP_WRONG
        code = (self.code_sha256, self.app_id, now_s - oauth.fact("code_lifetime_s"))
        changed = connection.execute(
            "update auth_codes set used_s = ? where code_sha256 = ? and app_id = ? and made_s >= ? and used_s is null",
            (now_s, *code),
        ).rowcount
        if not changed:
            return Result("code_used", "Auth code is used, expired or not of this app")
        token = secrets.token_hex(20)
        reach = json.dumps(list(self.advertisers)), json.dumps(list(self.scopes))
        connection.execute(
            "insert into tokens values (?, ?, ?, ?, ?, null)", (_digest(token), self.app_id, *reach, now_s)
        )
        scopes = [int(scope) for scope in self.scopes]
        return Result(data={"access_token": token, "advertiser_ids": list(self.advertisers), "scope": scopes})


@dataclass(frozen=True, slots=True)
class Revoke(Change):
    """A token ends.

    Attributes:
        app_id: The app.
        secret_sha256: Digest of its secret.
        token_sha256: Digest of the token.
    """

    app_id: str
    secret_sha256: str
    token_sha256: str
    kind: ClassVar[str] = "revoke"

    def run(self, connection: sqlite3.Connection, now_s: float) -> Result:
        """End it."""
        if not _is_app(connection, self.app_id, self.secret_sha256):
            return _APP_WRONG
        changed = connection.execute(
            "update tokens set revoked_s = ? where token_sha256 = ? and app_id = ? and revoked_s is null",
            (now_s, self.token_sha256, self.app_id),
        ).rowcount
        return Result() if changed else Result("token_wrong", _WRONG)


@dataclass(frozen=True, slots=True)
class ListAdvertisers(Look):
    """The ad accounts of a token.

    Attributes:
        app_id: The app.
        secret_sha256: Digest of its secret.
        token_sha256: Digest of the token.
        advertisers: Ad accounts of a token that was not made here.
    """

    app_id: str
    secret_sha256: str
    token_sha256: str
    advertisers: Sequence[str]
    kind: ClassVar[str] = "list_advertisers"

    def run(self, connection: sqlite3.Connection, now_s: float) -> Result:
        """List them."""
        del now_s
        if not _is_app(connection, self.app_id, self.secret_sha256):
            return _APP_WRONG
        found = connection.execute("select advertisers from tokens where token_sha256 = ?", (self.token_sha256,))
        row = found.fetchone()
        ids = self.advertisers if row is None else json.loads(row[0])
        return Result(data={"list": [{"advertiser_id": id_, "advertiser_name": _ACCOUNT_NAME} for id_ in ids]})


KINDS: tuple[type[Work], ...] = (Consent, Exchange, Revoke)
_WRONG = "Access token is incorrect or has been revoked"


class OAuthEndpoints:
    """The page of consent and the endpoints of tokens.

    Args:
        rules: Advertisers that exist, and scopes that are granted.
    """

    def __init__(self, rules: Rules) -> None:
        self._advertisers = sorted(rules.advertisers) if rules.advertisers is not None else list(_ACCOUNTS)
        self._scopes = sorted(rules.scopes if rules.scopes is not None else _every_scope(), key=int)
        self.pages = {oauth.fact("authorise_path"): Route("GET", OAUTH, self._consent, needs_token=False)}
        self.routes = {
            oauth.EXCHANGE: Route("POST", OAUTH, self._exchange, needs_token=False),
            oauth.REVOKE: Route("POST", OAUTH, self._revoke, needs_token=False),
            oauth.ADVERTISERS: Route("GET", OAUTH, self._list),
        }

    def _consent(self, request: Request) -> Work | Refusal:
        app_id, state, redirect_uri = (request.query.get(name, "") for name in ("app_id", "state", "redirect_uri"))
        # Nobody is sent from here to a host that is not this machine.
        parts = urlsplit(redirect_uri)
        is_here = parts.scheme == "http" and parts.hostname in {"127.0.0.1", "localhost", "::1"} and not parts.query
        if not app_id.isdecimal() or not is_here:
            return Refusal(None, status=HTTPStatus.BAD_REQUEST)
        return Consent(app_id, redirect_uri, state)

    def _exchange(self, request: Request) -> Work | Refusal:
        body = _texts(request, "app_id", "secret", "auth_code")
        if isinstance(body, Refusal):
            return body
        code = _digest(body["auth_code"])
        return Exchange(body["app_id"], _digest(body["secret"]), code, self._advertisers, self._scopes)

    def _revoke(self, request: Request) -> Work | Refusal:
        body = _texts(request, "app_id", "secret", "access_token")
        if isinstance(body, Refusal):
            return body
        return Revoke(body["app_id"], _digest(body["secret"]), _digest(body["access_token"]))

    def _list(self, request: Request) -> Work | Refusal:
        refusal = refusal_of(request.query, _missing(request.query, "app_id", "secret"))
        if refusal is not None:
            return refusal
        app_id, secret = request.query["app_id"], request.query["secret"]
        return ListAdvertisers(app_id, _digest(secret), _digest(request.token or ""), self._advertisers)


def token_refusal(connection: sqlite3.Connection, token: str | None, path: str, *, is_required: bool) -> Refusal | None:
    """Return why the token of a request is not let in, or None if it is.

    Args:
        connection: The state.
        token: Of the header, or None.
        path: Endpoint, below the version.
        is_required: Only tokens that were made here are let in.
    """
    if not token:
        return Refusal("token_missing", "Access token is empty") if is_required else None
    found = connection.execute("select scopes, revoked_s from tokens where token_sha256 = ?", (_digest(token),))
    row = found.fetchone()
    if row is None:
        return Refusal("token_wrong", _WRONG) if is_required else None
    scopes, revoked_s = row
    if revoked_s is not None:
        return Refusal("token_wrong", _WRONG)
    needed = next((one["scope"] for one in tables("api")["endpoint"] if one["path"] == path), "")
    if needed and not oauth.is_granted(needed, json.loads(scopes)):
        return Refusal("scope_missing", f"The token lacks the permission {oauth.scope(needed).name}")
    return None


def _is_app(connection: sqlite3.Connection, app_id: str, secret_sha256: str) -> bool:
    """Say whether a secret is an app's: the first one that comes is, for ever."""
    connection.execute("insert or ignore into apps values (?, ?)", (app_id, secret_sha256))
    known = connection.execute("select secret_sha256 from apps where app_id = ?", (app_id,)).fetchone()
    return bool(known[0] == secret_sha256)


def _texts(request: Request, *names: str) -> dict[str, str] | Refusal:
    """Return the texts of a body, or the refusal of one that lacks some."""
    body = parsed(request.body)
    refusal = refusal_of(body, _missing(body, *names))
    return refusal if refusal is not None else {name: body[name] for name in names}


def _missing(given: Any, *names: str) -> list[BodyProblem]:
    texts: Mapping[str, Any] = given if isinstance(given, Mapping) else {}
    missing = (name for name in names if not isinstance(texts.get(name), str) or not texts[name])
    return [BodyProblem(name, "Missing data for required field") for name in missing]


def _every_scope() -> set[str]:
    return {one["scope"] for one in tables("api")["endpoint"] if one["scope"]}


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()
