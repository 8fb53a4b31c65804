"""Asks TikTok before a push, once in an hour, and stops a push that would only be refused."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from pusher.clock import Clock
from pusher.contracts import Endpoint, LookUp, Need, Seen
from pusher.credentials import EVENTS, OAUTH, Credential
from pusher.errors import DestinationRefused, Problem, UsageError
from pusher.ledger.state import StateFolder
from pusher.preflight.cache import PreflightCache, key_of
from pusher.preflight.checks import FAILED, Asked, PreflightCheck, judge
from pusher.progress import Listener, Notice
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


def _never() -> bool:
    return False


@dataclass(slots=True)
class Preflighting:
    """Looks at the account of one target.

    Args:
        account: The destination with its settings.
        state: The state folder; what was found is remembered there if it exists.
        clock: Wall and monotonic time.
        is_clock_set: `--clock` sets it.
        is_strict: A refusal counts, whatever kind of token it may be.
        credential: The stored credential that is used, or None when the token comes from elsewhere.
        rows_name_source: Says whether the rows of a view name their event source themselves.
        should_stop: True once the user asked to stop.
    """

    account: Account
    state: StateFolder
    clock: Clock
    is_clock_set: bool = False
    is_strict: bool = False
    credential: Credential | None = None
    rows_name_source: Callable[[str], bool] = lambda _model: False
    should_stop: Callable[[], bool] = _never
    _skew: timedelta | None = field(default=None, init=False)

    def before_push(self, needs: Sequence[Need], listener: Listener) -> Preflight:
        """Look, unless that was done within the hour, and stop the push where TikTok would.

        Raises:
            DestinationRefused: TikTok does not take the token, or a right, an account or an event source is missing.
            UsageError: The kind of token or this machine's clock is wrong.
        """
        cache, key = self._cache, self._key(needs)
        kept = cache.get(key, self.clock.now())
        if kept is not None:
            at, checks = kept
            return Preflight(
                tuple(PreflightCheck(one["name"], one["about"], one["status"], one["found"]) for one in checks),
                0,
                at,
                is_cached=True,
            )
        found = self.look(needs)
        failed = [check for check in found.failed if check.is_certain or self.is_strict]
        if failed:
            worst = max(check.exit_code for check in failed)
            kind = DestinationRefused if worst == DestinationRefused.exit_code else UsageError
            raise kind(*(check.problem for check in failed if check.problem is not None))
        for check in found.failed:
            assert check.problem is not None  # noqa: S101 -- a failure has one
            listener(Notice(_in_doubt(check.problem)))
        return found

    def look(self, needs: Sequence[Need]) -> Preflight:
        """Look now, and remember it if nothing is wrong and every question was answered."""
        now = self.clock.now()
        answers = self._ask(needs)
        document, path = self.account.settings.document, self.account.settings.path
        line, _ = document.lines.get((*path, "advertiser_ids"), document.lines.get(path, (None, None)))
        asked = Asked(
            api=self.account.destination.preflight,
            needs=needs,
            answers=answers,
            kind=self._kind,
            granted=self._granted,
            skew=self._skew,
            own_clock=self._own_clock,
            rows_name_source=self.rows_name_source,
            accounts_place=(document.file, line),
        )
        is_answered = all(seen.said != "unanswered" for seen in answers.values())
        found = Preflight(tuple(judge(asked)), len(answers), now, is_answered=is_answered)
        is_whole = len(answers) == len(asked.api.look_ups(needs))
        if is_whole and is_answered and not found.failed:
            shown = [
                {"name": check.name, "about": check.about, "status": check.status, "found": check.found}
                for check in found.checks
            ]
            self._cache.put(self._key(needs), now, shown)
        return found

    def forget(self) -> None:
        """Forget what was found: TikTok has refused since."""
        self._cache.clear()

    @property
    def _kind(self) -> str | None:
        if self.credential is not None:
            return self.credential.kind
        # The embedded sandbox asks for no token and plays all endpoints.
        return OAUTH if self.account.is_embedded else None

    @property
    def _granted(self) -> tuple[str, ...] | None:
        """Scopes that a login told, or None."""
        # A login tells some; a token that was pasted comes without.
        return (self.credential.scopes or None) if self.credential is not None else None

    @property
    def _own_clock(self) -> str:
        """Why TikTok's clock says nothing about ours, or empty."""
        if self.account.is_embedded:
            return "the embedded sandbox has the same one"
        return "--clock sets it" if self.is_clock_set else ""

    @property
    def _cache(self) -> PreflightCache:
        return PreflightCache(self.state.root, self.account.destination.preflight.kept_for)

    @property
    def _endpoint(self) -> Endpoint:
        return self.account.endpoint(self.state.root)

    def _key(self, needs: Sequence[Need]) -> str:
        api, endpoint = self.account.destination.preflight, self._endpoint
        questions = [look_up.path for look_up in api.look_ups(needs)]
        wanted = [json.dumps([self._kind, self._granted, self.is_clock_set])]
        wanted += [
            json.dumps([need.model, need.payload.name, need.source_id, sorted(api.scopes(need))]) for need in needs
        ]
        return key_of(endpoint.base_url, endpoint.headers, [*questions, *wanted])

    def _ask(self, needs: Sequence[Need]) -> dict[LookUp, Seen]:
        """Ask one question after the other, and stop where further ones are in vain."""
        self._skew = None
        api = self.account.destination.preflight
        if self._kind == EVENTS:
            return {}
        transport = self._transport()
        limits = next(iter(self.account.destination.payloads.values())).limits
        pacer = Pacer(self.account.default_rate(limits.default_requests_per_s), self.clock)
        answers: dict[LookUp, Seen] = {}
        try:
            for look_up in api.look_ups(needs):
                if self.should_stop():
                    break
                pacer.acquire()
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

        return Transport(
            self._endpoint,
            clock=self.clock,
            connections=1,
            bounds=_BOUNDS,
            ca_file=read_settings(self.account.settings).ca_file,
        )


def _in_doubt(problem: Problem) -> str:
    return (
        f"{problem.message} The push goes on, because this may be a token of Events Manager, which can send events and "
        "look nothing up; with `preflight: true` it would stop here."
    )
