"""Writes down which bytes of which event arrived, before a sandbox sees them."""

from __future__ import annotations

import hashlib
import json
import threading
import time
from io import BytesIO
from pathlib import Path
from typing import Any


class Recorder:
    """A WSGI application around a sandbox.

    Args:
        app: The sandbox.
        log: File that outlives the process: one line for each row, its event id and the digest of its JSON.
        delay_s: Time between the arrival and the answer.
    """

    def __init__(self, app: Any, log: Path, delay_s: float = 0.0) -> None:
        self._app, self._log, self._delay_s = app, log, delay_s
        self._lock = threading.Lock()

    def __call__(self, environ: dict[str, Any], start_response: Any) -> Any:
        """Note the rows of a request and pass it on."""
        with environ["wsgi.input"] as source:
            body = source.read(int(environ.get("CONTENT_LENGTH") or 0))
        environ["wsgi.input"] = BytesIO(body)
        try:
            # 1.50 and 1.5 are one number and two texts.
            rows = json.loads(body, parse_float=str)["data"] if body else []
        except ValueError:
            rows = []
        with self._lock, self._log.open("a") as log:
            for row in rows:
                digest = hashlib.sha256(json.dumps(row).encode()).hexdigest()
                log.write(f"{row['event_id']} {digest}\n")
        if body:
            time.sleep(self._delay_s)
        return self._app(environ, start_response)


def payloads(log: Path) -> dict[str, list[str]]:
    """Return the digests that arrived of each event, in their order."""
    found: dict[str, list[str]] = {}
    for line in log.read_text().splitlines() if log.exists() else ():
        event, digest = line.rsplit(" ", 1)
        found.setdefault(event, []).append(digest)
    return found
