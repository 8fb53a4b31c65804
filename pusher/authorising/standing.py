"""Which credentials there are, and what the views of a project still need."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

from pusher.config import suggest
from pusher.credentials import EVENTS, OAUTH, Credential, CredentialStore
from pusher.destinations.tiktok import oauth
from pusher.destinations.tiktok.settings import needs_token
from pusher.errors import ConfigError, Problem

if TYPE_CHECKING:
    from pusher.project.facade import Project

SETTING, ENVIRONMENT, CREDENTIAL, NOT_NEEDED, NONE = (
    "access_token",
    "environment",
    "credential",
    "not-needed",
    "missing",
)


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
    """

    model: str
    payload: str
    token: str
    credential: str | None
    missing: tuple[Problem, ...] = ()

    def as_json(self) -> dict[str, Any]:
        """Return the fields as the JSON output prints them."""
        missing = [problem.as_json() for problem in self.missing]
        return {
            "model": self.model,
            "payload": self.payload,
            "token": self.token,
            "credential": self.credential,
            "missing": missing,
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
    token, credential = _token_of(project)
    views = project.destination_views
    payloads = account.payloads_of(project.manifest.models.values())
    chosen = views.selected(list(payloads), ()) if payloads else []
    filled = views.with_settings([view for view in chosen if view.payload.kind == "audience"], may_wait=True)
    audiences = {one.view.model: one for one in filled}
    found = []
    for view in chosen:
        audience = audiences.get(view.model)
        advertisers: tuple[str, ...] = audience.advertisers if audience is not None else ()
        needs = ["events"] if audience is None else [audience.method]
        if len(advertisers) > 1 and needs == ["file"]:
            needs.append("share")
        missing: Iterable[Problem] = ()
        if token == NONE:
            missing = [_no_token(account.credential_name)]
        elif credential is not None:
            missing = _missing(credential, needs, advertisers)
        name = credential.name if credential is not None else None
        found.append(ViewStanding(view.model, view.payload.name, token, name, tuple(missing)))
    return found


def _token_of(project: Project) -> tuple[str, Credential | None]:
    """Return where the token of a target comes from, and the credential without its token, if it is one."""
    account = project.account
    if account.is_embedded:
        return NOT_NEEDED, None
    if not account.uses_credential:
        return (SETTING if account.settings.access_token else ENVIRONMENT), None
    credential = CredentialStore().get(account.credential_name, with_token=False)
    if credential is not None:
        return CREDENTIAL, credential
    return (NONE if needs_token(account.settings) else NOT_NEEDED), None


def _missing(credential: Credential, needs: Iterable[str], advertisers: Iterable[str]) -> Iterator[Problem]:
    name = credential.name
    if credential.kind == EVENTS:
        if "events" not in needs:
            message = f"The token of {name} is of Events Manager and reaches no audience."
            yield Problem("events-token", message, fix=f"Authorise an app: `pusher auth login --name {name}`.")
        return
    for scope in oauth.scopes_needed(needs):
        if not oauth.is_granted(scope.id, credential.scopes):
            message = f"The token of {name} lacks the scope {scope.name} ({scope.id})."
            fix = f"Add it to the app in TikTok's developer portal, then `pusher auth login --name {name}`."
            yield Problem("scope-missing", message, fix=fix)
    known = {id_ for id_, _ in credential.advertisers}
    for advertiser_id in advertisers:
        if credential.kind == OAUTH and known and advertiser_id not in known:
            message = f"The token of {name} does not reach advertiser {advertiser_id}."
            fix = "Let its Admin or Operator consent, or correct advertiser_ids."
            yield Problem("advertiser-missing", message, fix=fix)


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
