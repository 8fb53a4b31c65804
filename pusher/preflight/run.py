"""Asks TikTok before a push, each token once in an hour, and stops a push that would only be refused."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace

from pusher.clock import Clock
from pusher.contracts import Need
from pusher.errors import DestinationRefused, Problem, UsageError
from pusher.ledger.state import StateFolder
from pusher.preflight.cache import PreflightCache
from pusher.preflight.looking import Looking, Preflight
from pusher.progress import Listener, Notice
from pusher.settings.account import Account
from pusher.transport import Pacer


def _never() -> bool:
    return False


@dataclass(slots=True)
class Preflighting:
    """Looks at the account of one target, with each token that the views need.

    Args:
        account: The destination with its settings.
        state: The state folder; what was found is remembered there if it exists.
        clock: Wall and monotonic time.
        is_clock_set: `--clock` sets it.
        is_strict: A refusal counts, whatever kind of token it may be.
        rows_name_source: Says whether the rows of a view name their event source themselves.
        should_stop: True once the user asked to stop.
    """

    account: Account
    state: StateFolder
    clock: Clock
    is_clock_set: bool = False
    is_strict: bool = False
    rows_name_source: Callable[[str], bool] = lambda _model: False
    should_stop: Callable[[], bool] = _never

    def before_push(self, needs: Sequence[Need], listener: Listener) -> Preflight:
        """Look, unless that was done within the hour, and stop the push where TikTok would.

        Raises:
            DestinationRefused: TikTok does not take a token, or a right, an account or an event source is missing.
            UsageError: The kind of token or this machine's clock is wrong.
        """
        found = _together([one.remembered() or one.look() for one in self._by_token(needs)])
        failed = [check for check in found.failed if check.is_certain or self.is_strict]
        if failed:
            worst = max(check.exit_code for check in failed)
            kind = DestinationRefused if worst == DestinationRefused.exit_code else UsageError
            # The clock is the same, whatever token tells it.
            raise kind(*dict.fromkeys(check.problem for check in failed if check.problem is not None))
        for check in found.failed:
            assert check.problem is not None  # noqa: S101 -- a failure has one
            listener(Notice(_in_doubt(check.problem)))
        return found

    def look(self, needs: Sequence[Need]) -> Preflight:
        """Look now, and remember it if nothing is wrong and every question was answered; a failure forgets all."""
        return _together([one.look() for one in self._by_token(needs)])

    def forget(self) -> None:
        """Forget what was found: TikTok has refused since."""
        self._cache.clear()

    def _by_token(self, needs: Sequence[Need]) -> Iterator[Looking]:
        """Yield what looks with each token that the views need, all at one pace."""
        limits = next(iter(self.account.destination.payloads.values())).limits
        pacer = Pacer(self.account.default_rate(limits.default_requests_per_s), self.clock)
        groups = self.account.tokens.by_token(need.payload.kind for need in needs)
        for kinds in groups:
            yield Looking(
                account=self.account,
                kinds=kinds,
                # What all views have in common needs no name.
                is_shared=len(groups) == 1,
                needs=[need for need in needs if need.payload.kind in kinds],
                endpoint=self.account.endpoint(kinds[0], self.state.root),
                pacer=pacer,
                cache=self._cache,
                clock=self.clock,
                is_clock_set=self.is_clock_set,
                rows_name_source=self.rows_name_source,
                should_stop=self.should_stop,
            )

    @property
    def _cache(self) -> PreflightCache:
        return PreflightCache(self.state.root, self.account.destination.preflight.kept_for)


def _together(looks: Sequence[Preflight]) -> Preflight:
    """Return what was seen with several tokens as one."""
    first, *others = looks
    return (
        replace(
            first,
            checks=tuple(check for look in looks for check in look.checks),
            requests=sum(look.requests for look in looks),
            checked_at=min(look.checked_at for look in looks),
            is_cached=all(look.is_cached for look in looks),
            is_answered=all(look.is_answered for look in looks),
        )
        if others
        else first
    )


def _in_doubt(problem: Problem) -> str:
    return (
        f"{problem.message} The push goes on, because this may be a token of Events Manager, which can send events and "
        "look nothing up; with `preflight: true` it would stop here."
    )
