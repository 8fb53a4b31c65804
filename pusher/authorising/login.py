"""From a person's consent to a credential that is kept."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime

from pusher.authorising.attempt import Attempt
from pusher.authorising.callback import Callback
from pusher.authorising.place import Place
from pusher.authorising.tokens import TokenApi
from pusher.clock import Clock
from pusher.config import Secret
from pusher.credentials import EVENTS, OAUTH, Credential, CredentialStore
from pusher.destinations.tiktok import oauth
from pusher.errors import ConfigError, Problem

ROLE = "Whoever consents has to be Admin or Operator of the ad account; an Analyst's consent is worth nothing."
_PROMPT = "address that the browser ends at (hidden): "


@dataclass(frozen=True, slots=True)
class Wish:
    """What is to be kept.

    Attributes:
        name: Name of the credential.
        description: What it is for.
        place: Where its token goes.
    """

    name: str
    description: str
    place: Place


@dataclass(frozen=True, slots=True)
class Person:
    """How to talk with whoever runs the command.

    Attributes:
        say: Prints a line.
        ask: Asks for a line that nobody sees.
        open_url: Opens a page in a browser, or None where there is none.
    """

    say: Callable[[str], None]
    ask: Callable[[str], str]
    open_url: Callable[[str], None] | None = None


@dataclass(frozen=True, slots=True)
class Kept:
    """A credential that was made.

    Attributes:
        credential: The credential.
        place: Where its token is.
        replaced: When the one of the same name was granted whose place it took, or None.
    """

    credential: Credential
    place: Place
    replaced: datetime | None


def log_in(
    api: TokenApi, wish: Wish, person: Person, *, pastes: bool, redirect_uris: Sequence[str] | None = None
) -> Kept:
    """Let a person consent, and keep the token that comes of it.

    Args:
        api: TikTok's side.
        wish: What is to be kept; its place has been proved.
        person: Whoever runs the command.
        pastes: The person pastes the address of the redirect; nothing listens.
        redirect_uris: Redirect URLs of the app, or None for those of the contract.

    Raises:
        ConfigError: The answer does not belong to this login, or the credential cannot be kept.
        DestinationRefused: TikTok gave no code.
        Incomplete: Nobody consented in time.
        Unanswered: TikTok gave no token for the code.
    """
    uris = redirect_uris if redirect_uris is not None else oauth.redirect_uris()
    code = _pasted_code(api, person, uris[0]) if pastes else _received_code(api, person, uris)
    grant = api.exchange(code)
    credential = Credential(
        name=wish.name,
        description=wish.description,
        kind=OAUTH,
        token=grant.token,
        app_id=api.app.app_id,
        advertisers=tuple((id_, "") for id_ in grant.advertiser_ids),
        scopes=grant.scopes,
        granted_at=_now(api.clock),
    )
    # Kept before anything else: who ends the command now has a token all the same.
    kept = _keep(credential, wish.place)
    named = api.advertisers(grant.token)
    return kept if named is None else _named(kept, named)


def _named(kept: Kept, advertisers: tuple[tuple[str, str], ...]) -> Kept:
    """Keep the names of the ad accounts too; a place that has failed since the token was kept has its ids."""
    credential = replace(kept.credential, advertisers=advertisers)
    if kept.place is not Place.SHOWN:
        try:
            CredentialStore(place=kept.place).put(credential)
        except ConfigError:
            return kept
    return replace(kept, credential=credential)


def keep_events_token(token: str, wish: Wish, clock: Clock) -> Kept:
    """Keep a token that Events Manager made for one event source; no app and no consent is needed.

    Raises:
        ConfigError: The text cannot be a token, or the credential cannot be kept.
    """
    if not oauth.is_token(token):
        fix = "Copy it again from Events Manager: the data source, Settings, Generate access token."
        raise ConfigError(Problem("not-a-token", "This is no token: it is too short, or has blanks.", fix=fix))
    credential = Credential(
        name=wish.name,
        description=wish.description,
        kind=EVENTS,
        token=Secret(token),
        app_id=None,
        advertisers=(),
        scopes=(),
        granted_at=_now(clock),
    )
    return _keep(credential, wish.place)


def _received_code(api: TokenApi, person: Person, redirect_uris: Sequence[str]) -> str:
    with Callback(redirect_uris) as callback:
        lifetime_s = oauth.fact("state_lifetime_s")
        attempt = Attempt(callback.redirect_uri, lifetime_s=lifetime_s, clock=api.clock)
        url = api.authorisation_url(attempt.state, attempt.redirect_uri)
        person.say(f"Consent on TikTok's page within {lifetime_s // 60} minutes, in a browser on this machine:")
        person.say(f"  {url}")
        person.say(ROLE)
        if person.open_url is not None:
            person.open_url(url)
        return callback.wait(attempt)


def _pasted_code(api: TokenApi, person: Person, redirect_uri: str) -> str:
    # As long as the code may be exchanged: somebody else may have to find the time.
    lifetime_s = oauth.fact("code_lifetime_s")
    attempt = Attempt(redirect_uri, lifetime_s=lifetime_s, clock=api.clock)
    person.say("Open this page in any browser, or send it to the person who may consent:")
    person.say(f"  {api.authorisation_url(attempt.state, redirect_uri)}")
    person.say(ROLE)
    person.say(
        f"After the consent the browser ends at an address that it cannot show ({redirect_uri}?...). Paste that "
        f"address here within {lifetime_s // 60} minutes, and send it to nobody but the person who runs this."
    )
    return attempt.take_url(person.ask(_PROMPT))


def _keep(credential: Credential, place: Place) -> Kept:
    if place is Place.SHOWN:
        return Kept(credential, place, None)
    store = CredentialStore(place=place)
    try:
        before = store.get(credential.name, with_token=False)
        store.put(credential)
    except ConfigError as error:
        if credential.kind == EVENTS:
            raise
        # Its place was tried, and has changed since.
        fix = (
            "Correct what is named above, then run `pusher auth login` again. To end the token that nobody has, take "
            "the app's access away on TikTok's own pages."
        )
        lost = Problem("token-lost", "TikTok granted a token, and it could not be kept.", fix=fix)
        raise ConfigError(*error.problems, lost) from error
    return Kept(credential, place, before.granted_at if before is not None else None)


def _now(clock: Clock) -> datetime:
    return clock.now().astimezone(UTC).replace(tzinfo=None, microsecond=0)
