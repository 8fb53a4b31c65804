"""The `Destination` that push sees."""

from __future__ import annotations

from collections.abc import Callable, Collection
from datetime import datetime
from functools import cache
from pathlib import Path

from pusher.config import DestinationSettings, Secret
from pusher.contracts import Answer, AudienceApi, Destination, Endpoint, Failure, FileAudienceApi, PreflightApi, Verdict
from pusher.destinations.tiktok import events, settings
from pusher.destinations.tiktok.facts import contract
from pusher.payload.model import Payload


class TikTok:
    """TikTok behind the protocol of all destinations."""

    def __init__(self) -> None:
        self.name = "tiktok"
        self.contract = contract()
        self.payloads = self.contract.payloads

    @property
    def audiences(self) -> AudienceApi:
        """How TikTok is told who is in an audience."""
        from pusher.destinations.tiktok.audiences import tiktok_audiences

        return tiktok_audiences()

    @property
    def file_audiences(self) -> FileAudienceApi:
        """How TikTok is given the members of an audience as files."""
        from pusher.destinations.tiktok.file_audiences import tiktok_file_audiences

        return tiktok_file_audiences()

    @property
    def preflight(self) -> PreflightApi:
        """What TikTok can be asked before anything is sent."""
        from pusher.destinations.tiktok.preflight import tiktok_preflight

        return tiktok_preflight()

    def source_id(self, payload: Payload, settings_: DestinationSettings) -> str | None:
        """Return the event set or pixel that the settings name; see `Destination.source_id`."""
        return settings.source_id(payload, settings_)

    def endpoint(
        self,
        settings_: DestinationSettings,
        *,
        state_dir: Path,
        now: Callable[[], datetime],
        token: Secret | None,
        part: str | None = None,
    ) -> Endpoint:
        """Return the real API, the embedded sandbox or a given URL; see `Destination.endpoint`."""
        return settings.endpoint(self.contract, settings_, state_dir=state_dir, now=now, token=token, part=part)

    def envelope(self, payload: Payload, source_id: str, test_event_code: str | None) -> tuple[bytes, bytes]:
        """Return the bytes around the rows; see `Destination.envelope`."""
        return events.envelope(payload, source_id, test_event_code)

    def verdict(self, result: Answer | Failure, *, rows: int, earlier: Collection[str | None] = ()) -> Verdict:
        """Return what an attempt proved; see `Destination.verdict`."""
        # Only a push reads answers, and only then is the HTTP library needed.
        from pusher.destinations.tiktok.responses import verdict

        return verdict(self.contract, result, rows=rows, earlier=earlier)

    def column_named(self, payload: Payload, message: str) -> str | None:
        """Return the column that a refusal names; see `Destination.column_named`."""
        from pusher.destinations.tiktok.responses import path_named

        path = path_named(message)
        return None if path is None else payload.column_at(path)

    def error_class(self, code: str, return_code: int | None, *, of_audience: bool) -> str:
        """Return the class of an error by the contract; see `Destination.error_class`."""
        from pusher.destinations.tiktok.resolutions import error_class

        return error_class(code, return_code, of_audience=of_audience)


@cache
def tiktok() -> Destination:
    """Return the one instance."""
    return TikTok()
