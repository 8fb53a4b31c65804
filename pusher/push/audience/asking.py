"""Requests that ask TikTok something, one after the other: which audiences there are, to make one."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from random import Random

from pusher.clock import Clock
from pusher.contracts import Answer, AudienceApi, FoundAudience, Verdict
from pusher.errors import Problem, Unanswered
from pusher.push.senders import Asker
from pusher.transport import Pacer, backoff_s

MOST_ATTEMPTS = 4
MOST_PAGES = 100


@dataclass(slots=True)
class Asking:
    """Asks, and tries again while nothing proves that it is in vain.

    Args:
        api: The destination's audiences.
        transport: Sends requests.
        pacer: Spaces them.
        clock: Wall and monotonic time.
        should_stop: True once the user asked to stop.
        seed: Seed of the back-off's jitter.
    """

    api: AudienceApi
    transport: Asker
    pacer: Pacer
    clock: Clock
    should_stop: Callable[[], bool]
    seed: int | None = None
    requests: int = 0

    def audiences(self, advertiser_id: str) -> list[FoundAudience]:
        """Return every audience of an advertiser.

        Raises:
            Unanswered: TikTok refuses, or does not answer.
        """
        found: list[FoundAudience] = []
        page, pages = 1, 1
        while page <= min(pages, MOST_PAGES):
            answer = self._get(self.api.find(advertiser_id, page), advertiser_id)
            read = self.api.found(answer)
            if read is None:
                # Whoever takes this for none would make a second audience of a name.
                verdict = Verdict("unknown", "UNKNOWN", answer.status, 0, "The answer has no list.")
                raise _unlisted(verdict, advertiser_id)
            listed, pages = read
            found += listed
            page += 1
        return found

    def audiences_if_told(self, advertiser_id: str) -> list[FoundAudience] | None:
        """Return every audience of an advertiser, or None when TikTok does not say which there are."""
        try:
            return self.audiences(advertiser_id)
        except Unanswered:
            return None

    def prepare(self, advertiser_id: str) -> None:
        """Make ready what a request to create needs: nothing."""

    def create(self, advertiser_id: str, name: str) -> tuple[str | None, Verdict]:
        """Ask once to make an audience; returns its id, or None, and what the answer proves."""
        path, body = self.api.create(advertiser_id, name)
        self.pacer.acquire()
        self.requests += 1
        result = self.transport.post(path, body)
        verdict = self.api.verdict(result, rows=1)
        made = self.api.created(result) if verdict.outcome == "accepted" and isinstance(result, Answer) else None
        return made, verdict

    def _get(self, path: str, advertiser_id: str) -> Answer:
        random = Random(self.seed)  # noqa: S311 -- jitter, not a secret
        for attempt in range(1, MOST_ATTEMPTS + 1):
            self.pacer.acquire()
            self.requests += 1
            result = self.transport.get(path)
            verdict = self.api.verdict(result, rows=1)
            if verdict.outcome == "accepted" and isinstance(result, Answer):
                return result
            if verdict.outcome not in {"retry", "unknown"} or attempt == MOST_ATTEMPTS or self.should_stop():
                break
            self.clock.sleep(backoff_s(attempt, random))
        raise _unlisted(verdict, advertiser_id)


def _unlisted(verdict: Verdict, advertiser_id: str) -> Unanswered:
    return Unanswered(
        refusal(verdict, f"The audiences of advertiser {advertiser_id} cannot be listed"), verdict.outcome
    )


def refusal(verdict: Verdict, what: str) -> Problem:
    """Return what to tell a person about an answer that is no acceptance."""
    code = "" if verdict.code is None else f" (code {verdict.code})"
    message = f"{what}{code}: {verdict.message.rstrip('.') or 'no message'}."
    code_name = f"tiktok-{verdict.response_class.lower()}"
    return Problem(code_name, message, fix=verdict.remedy, return_code=verdict.code)
