"""The request around the rows: POST /event/track/."""

from __future__ import annotations

import json

from pusher.payload.model import Payload


def envelope(payload: Payload, source_id: str, test_event_code: str | None) -> tuple[bytes, bytes]:
    """Return the bytes before and after the JSON array of rows.

    Args:
        payload: Names the event source.
        source_id: Event set, Pixel Code or the like.
        test_event_code: Shows the rows under Test Events and keeps them out of reports.
    """
    prefix = f'{{"event_source":{_text(payload.event_source)},"event_source_id":{_text(source_id)},"data":'
    suffix = "}" if test_event_code is None else f',"test_event_code":{_text(test_event_code)}}}'
    return prefix.encode("ascii"), suffix.encode("ascii")


def _text(value: str) -> str:
    return json.dumps(value)
