"""Which credentials there are, and what the views of a project still need."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

from pusher.config import suggest
from pusher.contracts import Need, PreflightApi
from pusher.credentials import EVENTS, OAUTH, REACHES_NO_AUDIENCE, Credential, CredentialStore
from pusher.destinations.tiktok import oauth
from pusher.destinations.tiktok.settings import needs_token
from pusher.errors import ConfigError, Problem
from pusher.preflight.needs import needs_of
from pusher.settings.account import Account
from pusher.settings.tokens import CREDENTIAL

if TYPE_CHECKING:
    from pusher.project.facade import Project

NOT_NEEDED, NONE = "not-needed", "missing"


@dataclass(frozen=True, slots=True)
class CredentialStanding:
    """A credential without its token.

    Attributes:
        credential: What is known of it.
        place: Where its token is kept, `keyring` or `file`.
    """

    credential: Credential
    place: str

    @property
    def scopes(self) -> list[oauth.Scope]:
        """The scopes with their names."""
        return [oauth.scope(id_) for id_ in self.credential.scopes]

    def as_json(self) -> dict[str, Any]:
        """Return the fields as the JSON output prints them."""
        one = self.credential
        return {
            "name": one.name,
            "description": one.description,
            "kind": one.kind,
            "store": self.place,
            "app_id": one.app_id,
            "advertisers": [{"id": id_, "name": name} for id_, name in one.advertisers],
            "scopes": [{"id": scope.id, "name": scope.name} for scope in self.scopes],
            "granted_at": _text(one.granted_at),
            "last_used_at": None if one.last_used_at is None else _text(one.last_used_at),
        }


@dataclass(frozen=True, slots=True)
class ViewStanding:
    """What the token of one destination view lacks.

    Attributes:
        model: The view.
        payload: What it is pushed as.
        token: Where its token comes from: `access_token`, `environment`, `credential`, `not-needed`, or `missing`.
        credential: Name of the credential, or None.
        missing: What it lacks; empty also where nothing is known of the token.
        unchecked: Scopes that only a check before a push needs, and that it lacks: a push works without them.
    """

    model: str
    payload: str
    token: str
    credential: str | None
    missing: tuple[Problem, ...] = ()
    unchecked: tuple[Problem, ...] = ()

    def as_json(self) -> dict[str, Any]:
        """Return the fields as the JSON output prints them."""
        return {
            "model": self.model,
            "payload": self.payload,
            "token": self.token,
            "credential": self.credential,
            "missing": [problem.as_json() for problem in self.missing],
            "unchecked": [problem.as_json() for problem in self.unchecked],
        }


def credential_standings(name: str | None = None) -> list[CredentialStanding]:
    """Return every credential, or the one of a name; no keyring is opened.

    Raises:
        ConfigError: The file of credentials cannot be used, or there is none of the name.
    """
    store = CredentialStore()
    found = []
    for known in store.names():
        credential = store.get(known, with_token=False)
        place = store.place_of(known)
        if credential is not None and place is not None and name in {None, known}:
            found.append(CredentialStanding(credential, place))
    if name is not None and not found:
        raise unknown_credential(name)
    return found


def view_standings(project: Project) -> list[ViewStanding]:
    """Return what each destination view of a project's target lacks.

    Raises:
        CompileError: The models are wrong.
        ConfigError: Settings are wrong.
    """
    account = project.account
    account.check_settings()
    views = project.destination_views
    payloads = account.payloads_of(project.manifest.models.values())
    chosen = views.selected(list(payloads), ()) if payloads else []
    filled = views.with_settings([view for view in chosen if view.payload.kind == "audience"], may_wait=True)
    events = [view for view in chosen if view.payload.kind != "audience"]
    needs = {need.model: need for need in needs_of(account, project.manifest.models, events, filled)}
    found = []
    for view in chosen:
        token, credential, missing = _token_of(account, view.payload.kind)
        unchecked: Iterable[Problem] = ()
        if credential is not None:
            api, need = account.destination.preflight, needs[view.model]
            missing, unchecked = _missing(credential, need, api), _unchecked(credential, need, api)
        name = credential.name if credential is not None else None
        found.append(ViewStanding(view.model, view.payload.name, token, name, tuple(missing), tuple(unchecked)))
    return found


def _token_of(account: Account, kind: str) -> tuple[str, Credential | None, Iterable[Problem]]:
    """Return where the token of a kind of views comes from, its credential if it is one, and what is missing."""
    source = account.tokens.source(kind)
    if source is None or source.credential is None:
        return (NOT_NEEDED if source is None else source.kind), None, ()
    credential = CredentialStore().get(source.credential, with_token=False)
    if credential is not None:
        return CREDENTIAL, credential, ()
    if source.given is not None:
        return NONE, None, [account.tokens.missing(source)]
    return (NONE, None, [_no_token(source.credential)]) if needs_token(account.settings) else (NOT_NEEDED, None, ())


def _missing(credential: Credential, need: Need, api: PreflightApi) -> Iterator[Problem]:
    name = credential.name
    if credential.kind == EVENTS:
        if need.payload.kind == "audience":
            message = f"The token of {name} is of Events Manager and reaches no audience."
            yield Problem("events-token", message, fix=REACHES_NO_AUDIENCE)
        return
    for scope in api.scopes(need):
        if not api.grants(credential.scopes, scope):
            message = f"The token of {name} lacks the scope {api.scope_name(scope)} ({scope})."
            fix = f"Add it to the app in TikTok's developer portal, then `pusher auth login --name {name}`."
            yield Problem("scope-missing", message, fix=fix)
    known = {id_ for id_, _ in credential.advertisers}
    for advertiser_id in need.advertisers:
        if credential.kind == OAUTH and known and advertiser_id not in known:
            message = f"The token of {name} does not reach advertiser {advertiser_id}."
            fix = "Let its Admin or Operator consent, or correct advertiser_ids."
            yield Problem("advertiser-missing", message, fix=fix)


def _unchecked(credential: Credential, need: Need, api: PreflightApi) -> Iterator[Problem]:
    """Yield what nobody can look up with a token that pushes, for want of a scope."""
    # Where nobody told its scopes, nothing is known of them.
    if credential.kind != OAUTH or not credential.scopes:
        return
    name = credential.name
    for scope, told in api.look_up_scopes(need).items():
        if not api.grants(credential.scopes, scope):
            lacked = f"{api.scope_name(scope)} ({scope})"
            message = f"Without the scope {lacked} of {name} nobody can tell before a push {told}."
            fix = (
                f"Add it to the app in TikTok's developer portal, then `pusher auth login --name {name}`; a push works "
                "without it."
            )
            yield Problem("scope-for-checks", message, fix=fix)


def _no_token(name: str) -> Problem:
    fix = f"Authorise with `pusher auth login --name {name}`, or set TIKTOK_ACCESS_TOKEN or access_token."
    return Problem("no-access-token", "There is no access token for TikTok.", fix=fix)


def unknown_credential(name: str) -> ConfigError:
    """Return what to tell a person about a credential that is not there."""
    known = CredentialStore().names()
    near = suggest(name, known)
    names = f"There are: {', '.join(known)}." if known else "There are none yet: `pusher auth login` makes one."
    fix = f"Did you mean `{near}`?" if near else names
    return ConfigError(Problem("no-credential", f"There is no credential `{name}`.", fix=fix))


def _text(moment: datetime) -> str:
    return f"{moment.isoformat()}Z"
