"""Requests about audiences of files, one after the other: uploads, how an audience is, what is made and replaced."""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import dataclass, field
from random import Random

from pusher.clock import Clock
from pusher.contracts import Answer, Failure, FileAudienceApi, FoundAudience, SeenAudience, Verdict
from pusher.errors import Problem
from pusher.ledger.uploads import Upload, WholeSet
from pusher.push.audience.asking import MOST_ATTEMPTS, Asking, refusal
from pusher.push.audience.binding import NotBound, go_on_until
from pusher.push.senders import FileSender
from pusher.transport import Pacer, backoff_s

_HARMLESS = frozenset({"retry", "unknown"})
_UNDONE = frozenset({"retry"})
_LATER = "minutes"

Result = tuple[Answer | Failure, Verdict]


@dataclass(slots=True)
class FileAsking:
    """Asks, and tries again while nothing proves that it is in vain.

    Args:
        api: The destination's audiences of files.
        transport: Sends requests.
        pacer: Spaces them.
        clock: Wall and monotonic time.
        should_stop: True once the user asked to stop.
        deadline_s: Monotonic time after which nothing new is begun.
        seed: Seed of the back-off's jitter.

    Attributes:
        requests: Requests so far.
        request_ids: TikTok's ticket ids of what was accepted.
    """

    api: FileAudienceApi
    transport: FileSender
    pacer: Pacer
    clock: Clock
    should_stop: Callable[[], bool]
    deadline_s: float
    seed: int | None = None
    requests: int = 0
    request_ids: list[str] = field(default_factory=list)

    def go_on(self) -> None:
        """Raise NotBound when nothing new is to be begun: the user asked to stop, or the deadline was reached."""
        go_on_until(self.deadline_s, self.should_stop, self.clock)

    def look(self, advertiser_id: str, audience_id: str) -> SeenAudience | None:
        """Return how an audience is, or None when TikTok does not know it.

        Raises:
            NotBound: TikTok refuses, or does not answer.
        """
        path = self.api.look(advertiser_id, audience_id)
        result, verdict = self._asked(lambda: self.transport.get(path), _HARMLESS)
        if verdict.outcome != "accepted" or not isinstance(result, Answer):
            raise refused(verdict, f"Audience {audience_id} of advertiser {advertiser_id} cannot be looked at")
        return self.api.seen(result)

    def upload(self, advertiser_id: str, file_type: str, whole: WholeSet) -> tuple[str, ...]:
        """Upload all files of a set; returns what stands for each in later requests.

        A repeated upload does no harm: nothing knows a file before a request names it.

        Raises:
            NotBound: TikTok refuses a file, or does not answer.
        """
        return tuple(self._upload(advertiser_id, file_type, one) for one in whole.uploads)

    def _upload(self, advertiser_id: str, file_type: str, one: Upload) -> str:
        self.go_on()
        path, fields = self.api.upload(advertiser_id, file_type, one.md5)
        for is_last in (False, True):
            result, verdict = self._asked(lambda: self.transport.upload(path, fields, one.path), _HARMLESS)
            if verdict.outcome == "accepted" and isinstance(result, Answer):
                found = self.api.uploaded(result)
                if found is not None:
                    return found
            elif is_last or not self.api.needs_upload(verdict):
                break
        raise refused(verdict, f"Advertiser {advertiser_id} did not take the file {one.path.name}")

    def once(self, path: str, body: bytes) -> Result:
        """Send a request whose age counts from what was recorded before, so that it cannot be repeated here."""
        return self._asked(lambda: self.transport.post(path, body), frozenset())

    def change(self, path: str, body: bytes) -> Result:
        """Send a request that must not be obeyed twice; it is repeated only when it was not obeyed at all."""
        return self._asked(lambda: self.transport.post(path, body), _UNDONE)

    def repeatable(self, path: str, body: bytes) -> Result:
        """Send a request that may be obeyed twice."""
        return self._asked(lambda: self.transport.post(path, body), _HARMLESS)

    def _asked(self, send: Callable[[], Answer | Failure], again: Collection[str]) -> Result:
        random = Random(self.seed)  # noqa: S311 -- jitter, not a secret
        attempt = 0
        while True:
            attempt += 1
            self.pacer.acquire()
            self.requests += 1
            result = send()
            verdict = self.api.verdict(result)
            if verdict.outcome == "accepted" and verdict.request_id:
                self.request_ids.append(verdict.request_id)
            is_over = attempt == MOST_ATTEMPTS or self.should_stop()
            if verdict.outcome not in again or verdict.waits == _LATER or is_over:
                return result, verdict
            self.clock.sleep(backoff_s(attempt, random))


@dataclass(slots=True)
class FileMaking:
    """Makes an audience of files; see `binding.Making`.

    Args:
        listing: Lists audiences.
        asking: Uploads, and asks to make one.
        file_type: Type of the files.
        whole: Its members.
        retention_d: Days until its end, or None.
        check: Raises when the members are not to be sent any more; called between the upload and what follows.

    Attributes:
        paths: What stands for the files.
        verdict: What the answer to the request to create proved.
    """

    listing: Asking
    asking: FileAsking
    file_type: str
    whole: WholeSet
    retention_d: int | None
    check: Callable[[], None]
    paths: tuple[str, ...] = ()
    verdict: Verdict | None = None

    @property
    def requests(self) -> int:
        """Requests so far."""
        return self.listing.requests + self.asking.requests

    def audiences(self, advertiser_id: str) -> list[FoundAudience]:
        """Return every audience of an advertiser."""
        return self.listing.audiences(advertiser_id)

    def prepare(self, advertiser_id: str) -> None:
        """Upload the files before a request to create is recorded, whose age counts from then on."""
        if not self.paths or self.needs_upload:
            self.paths = self.asking.upload(advertiser_id, self.file_type, self.whole)
        self.check()

    def create(self, advertiser_id: str, name: str) -> tuple[str | None, Verdict]:
        """Ask to make an audience of the files; returns its id, or None, and what the answer proves."""
        path, body = self.asking.api.create(
            advertiser_id=advertiser_id,
            name=name,
            file_type=self.file_type,
            files=self.paths,
            retention_d=self.retention_d,
        )
        result, self.verdict = self.asking.once(path, body)
        is_accepted = self.verdict.outcome == "accepted" and isinstance(result, Answer)
        return (self.asking.api.created(result) if is_accepted and isinstance(result, Answer) else None), self.verdict

    def may_try_again(self, times: int) -> bool:
        """Say whether another request may make it, after so many that did not; waits as long as that takes."""
        if self.needs_upload:
            return times == 1
        undone = self.verdict is not None and self.verdict.outcome == "retry" and self.verdict.waits != _LATER
        if not undone or times >= MOST_ATTEMPTS or self.asking.should_stop():
            return False
        self.asking.clock.sleep(backoff_s(times, Random(self.asking.seed)))  # noqa: S311 -- jitter, not a secret
        return True

    @property
    def needs_upload(self) -> bool:
        """Whether the audience was not made for want of a fresh upload."""
        return self.verdict is not None and self.asking.api.needs_upload(self.verdict)


def refused(verdict: Verdict, what: str) -> NotBound:
    """Return what to raise about an answer that is no acceptance."""
    is_ours = verdict.outcome in {"halt", "rejected", "split"}
    return NotBound(refusal(verdict, what), is_halted=is_ours)


def busy(name: str) -> Problem:
    """Return what to tell about an audience that TikTok still works on."""
    message = f"TikTok is still working on audience `{name}`, and takes nothing for it meanwhile."
    fix = "Run again in an hour: it takes TikTok up to 48 hours, and nothing was lost."
    return Problem("audience-processing", message, fix=fix)
