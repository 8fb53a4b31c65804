"""Asks TikTok what one token is good for."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any

from pusher.clock import Clock
from pusher.contracts import Endpoint, LookUp, Need, Seen
from pusher.credentials import EVENTS, OAUTH, Credential
from pusher.preflight.cache import PreflightCache, key_of
from pusher.preflight.checks import FAILED, Asked, PreflightCheck, judge
from pusher.settings.account import Account
from pusher.transport import Bounds, Pacer, Transport

_BOUNDS = Bounds(total_s=10.0)
"""A look-up is small, and Ctrl-C waits for one at most as long as for any request."""
_GIVE_UP = {"token", "unanswered"}
"""After these there is no use in further questions."""


@dataclass(frozen=True, slots=True)
class Preflight:
    """What was looked at.

    Attributes:
        checks: Every check.
        requests: Look-ups that were made, apart from the push's own requests.
        checked_at: When they were made.
        is_cached: They were made by an earlier push or doctor.
        is_answered: TikTok answered everything that it was asked.
    """

    checks: tuple[PreflightCheck, ...]
    requests: int
    checked_at: datetime
    is_cached: bool = False
    is_answered: bool = True

    @property
    def failed(self) -> list[PreflightCheck]:
        """Checks that failed."""
        return [check for check in self.checks if check.status == FAILED]

    def as_json(self) -> dict[str, Any]:
        """Return the fields as the JSON output prints them."""
        return {
            "checked_at": self.checked_at.isoformat(timespec="seconds"),
            "cached": self.is_cached,
            "requests": self.requests,
            "checks": [check.as_json() for check in self.checks],
        }


@dataclass(slots=True)
class Looking:
    """Looks at the account of one target with one token.

    Args:
        account: The destination with its settings.
        kinds: Kinds of views that have this token.
        is_shared: No view of the push has another token.
        needs: What these views need; there are some.
        endpoint: Where requests go, with the token.
        pacer: Says when; other tokens may have the same.
        cache: Remembers what was found.
        clock: Wall and monotonic time.
        is_clock_set: `--clock` sets it.
        rows_name_source: Says whether the rows of a view name their event source themselves.
        should_stop: True once the user asked to stop.
    """

    account: Account
    kinds: tuple[str, ...]
    is_shared: bool
    needs: Sequence[Need]
    endpoint: Endpoint
    pacer: Pacer
    cache: PreflightCache
    clock: Clock
    is_clock_set: bool
    rows_name_source: Callable[[str], bool]
    should_stop: Callable[[], bool]
    _skew: timedelta | None = field(default=None, init=False)

    def remembered(self) -> Preflight | None:
        """Return what was found within the hour, or None."""
        kept = self.cache.get(self._key, self.clock.now())
        if kept is None:
            return None
        at, checks = kept
        found = [PreflightCheck(one["name"], one["about"], one["status"], one["found"]) for one in checks]
        return Preflight(self._named(found), 0, at, is_cached=True)

    def look(self) -> Preflight:
        """Look now, and remember it if nothing is wrong and every question was answered; a failure forgets all."""
        now = self.clock.now()
        answers = self._ask()
        asked = Asked(
            api=self.account.destination.preflight,
            needs=self.needs,
            answers=answers,
            kind=self._kind,
            granted=self._granted,
            skew=self._skew,
            own_clock=self._own_clock,
            rows_name_source=self.rows_name_source,
            accounts_place=self._accounts_place,
            whose=self._whose,
        )
        is_answered = all(seen.said != "unanswered" for seen in answers.values())
        found = Preflight(self._named(judge(asked)), len(answers), now, is_answered=is_answered)
        is_whole = len(answers) == len(asked.api.look_ups(self.needs))
        if is_whole and is_answered and not found.failed:
            shown = [
                {"name": check.name, "about": check.about, "status": check.status, "found": check.found}
                for check in found.checks
            ]
            self.cache.put(self._key, now, shown)
        if found.failed:
            # What was well before, for these views or for some of them, is so no more.
            self.cache.clear()
        return found

    def _named(self, checks: Sequence[PreflightCheck]) -> tuple[PreflightCheck, ...]:
        """Return checks with the views that they are about, and the credential in what to do."""
        return tuple(
            replace(one, part=self._part, problem=one.problem and self.endpoint.refused(one.problem)) for one in checks
        )

    @property
    def _part(self) -> str | None:
        """Part of the settings for the views that have this token, or None when all have it."""
        from pusher.destinations.tiktok.settings import FAMILIES

        return None if self.is_shared else FAMILIES[self.kinds[0]]

    @property
    def _accounts_place(self) -> tuple[str, int | None]:
        """File and line where the settings name accounts: in a part for these views, beside it, or not at all."""
        from pusher.destinations.tiktok.settings import FAMILIES

        document, path = self.account.settings.document, self.account.settings.path
        parts = ((*path, FAMILIES[kind], "advertiser_ids") for kind in self.kinds)
        lines = (document.lines.get(place) for place in (*parts, (*path, "advertiser_ids"), path))
        return document.file, next((line for line, _ in filter(None, lines)), None)

    @property
    def _whose(self) -> str:
        """Words that tell this token from others."""
        if self.endpoint.credential is not None:
            return f" of the credential {self.endpoint.credential}"
        return "" if self._part is None else f" of {self._part}"

    @property
    def _credential(self) -> Credential | None:
        return self.account.tokens.credential(self.kinds[0])

    @property
    def _kind(self) -> str | None:
        if self._credential is not None:
            return self._credential.kind
        # The embedded sandbox asks for no token and plays all endpoints.
        return OAUTH if self.account.is_embedded else None

    @property
    def _granted(self) -> tuple[str, ...] | None:
        """Scopes that a login told, or None."""
        # A login tells some; a token that was pasted comes without.
        return (self._credential.scopes or None) if self._credential is not None else None

    @property
    def _own_clock(self) -> str:
        """Why TikTok's clock says nothing about ours, or empty."""
        if self.account.is_embedded:
            return "the embedded sandbox has the same one"
        return "--clock sets it" if self.is_clock_set else ""

    @property
    def _key(self) -> str:
        api = self.account.destination.preflight
        questions = [look_up.path for look_up in api.look_ups(self.needs)]
        wanted = [json.dumps([self._kind, self._granted, self.is_clock_set])]
        wanted += [
            json.dumps([need.model, need.payload.name, need.source_id, sorted(api.scopes(need))]) for need in self.needs
        ]
        return key_of(self.endpoint.base_url, self.endpoint.headers, [*questions, *wanted])

    def _ask(self) -> dict[LookUp, Seen]:
        """Ask one question after the other, and stop where further ones are in vain."""
        self._skew = None
        api = self.account.destination.preflight
        if self._kind == EVENTS:
            return {}
        transport = self._transport()
        answers: dict[LookUp, Seen] = {}
        try:
            for look_up in api.look_ups(self.needs):
                if self.should_stop():
                    break
                self.pacer.acquire()
                seen = answers[look_up] = api.seen(look_up, transport.get(look_up.path))
                if seen.server_time is not None:
                    self._skew = seen.server_time - self.clock.now()
                if seen.said in _GIVE_UP:
                    break
        finally:
            transport.close()
        return answers

    def _transport(self) -> Transport:
        from pusher.destinations.tiktok.settings import read_settings

        ca_file = read_settings(self.account.settings).ca_file
        return Transport(self.endpoint, clock=self.clock, bounds=_BOUNDS, ca_file=ca_file)
