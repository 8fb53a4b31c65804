"""What a destination can be asked before anything is sent."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Protocol

from pusher.contracts.answers import Answer, Failure
from pusher.payload.model import Payload


@dataclass(frozen=True, slots=True)
class Need:
    """What a destination view needs of the account that it is pushed to.

    Attributes:
        model: The view.
        payload: What it is pushed as.
        source_id: Event source that the settings name, or None; of an audience its name.
        advertisers: Ad accounts that the settings name.
        method: How an audience is told: `stream` or `file`.
        file: Where the event source is set, or None.
        line: Line in that file, or None.
        accounts_place: File and line of the setting that names its accounts; None where nobody says.
    """

    model: str
    payload: Payload
    source_id: str | None
    advertisers: tuple[str, ...]
    method: str = "stream"
    file: str | None = None
    line: int | None = None
    accounts_place: tuple[str | None, int | None] | None = None


@dataclass(frozen=True, slots=True)
class LookUp:
    """A request that asks something and changes nothing.

    Attributes:
        path: Below the base URL, query included.
        kind: `token`; `account` for the status of an ad account; or the event source of the payload that it is about,
            `audience` for audiences.
        what: What is looked for, in words, such as `event set`.
        advertiser_id: Ad account that is asked about; empty for the token.
        wanted: Id that is looked for; empty where any answer will do.
    """

    path: str
    kind: str
    what: str = ""
    advertiser_id: str = ""
    wanted: str = ""


@dataclass(frozen=True, slots=True)
class Seen:
    """What a look-up told.

    Attributes:
        said: `there`, `absent`; or what a refusal is about: `token`, `advertiser` (it does not exist for this token),
            `other_advertiser` (the token is not for it), `role`, `scope`, `refused`; or `unanswered`. Of the status of
            an ad account: `approved`, `changing`, `pending`, `rejected`, `limited`, `closed`, or `untold`.
        name: Name of what was found, or empty.
        words: Words and code of a refusal or of a status, for a person.
        server_time: The destination's clock, or None.
    """

    said: str
    name: str = ""
    words: str = ""
    server_time: datetime | None = None


class PreflightApi(Protocol):
    """What a destination can be asked before anything is sent to it."""

    most_clock_skew: timedelta
    kept_for: timedelta
    """How long an answer stays good."""

    def look_ups(self, needs: Sequence[Need]) -> list[LookUp]:
        """Return what to ask, the token first, each question once."""

    def has_look_up(self, payload: Payload) -> bool:
        """Say whether the event source of a payload can be looked up."""

    def seen(self, look_up: LookUp, result: Answer | Failure) -> Seen:
        """Return what an attempt to look something up told."""

    def remedy(self, said: str) -> str:
        """Return what to do about what a look-up said, or about `clock`."""

    def scopes(self, need: Need) -> Mapping[str, tuple[str, ...]]:
        """Return the scopes that a push of a view needs, each with the endpoints that need it."""

    def look_up_scopes(self, need: Need) -> Mapping[str, str]:
        """Return the scopes that only the look-ups of a view need, each with what nobody can tell without it."""

    def scope_name(self, scope: str) -> str:
        """Return the destination's name of a scope, or its id where it has none."""

    def grants(self, granted: Collection[str], scope: str) -> bool:
        """Say whether some granted scopes hold a scope, as themselves or as its parent."""
