"""Posts an alert to a webhook, by the rules of every request of this program."""

from __future__ import annotations

import json
import os
from urllib.parse import SplitResult, urlsplit

from pusher.alerts.message import Message
from pusher.clock import Clock
from pusher.config.alerts import Webhook, is_loopback
from pusher.contracts import Endpoint, Failure
from pusher.errors import PusherError

_GOOD = range(200, 300)


def call_webhook(webhook: Webhook, message: Message, *, clock: Clock) -> tuple[str, str | None]:
    """Post the text; returns the host, path masked, and why it failed, or None."""
    url = os.environ.get(webhook.variable, "").strip()
    if not url:
        return f"${webhook.variable}", f"The environment variable {webhook.variable} is not set."
    parts = _parts(url)
    if isinstance(parts, str):
        return f"${webhook.variable}", parts
    # An IPv6 address keeps its brackets.
    base_url = f"{parts.scheme}://{parts.netloc}"
    shown = f"{base_url}/****"
    path = parts.path.lstrip("/") + (f"?{parts.query}" if parts.query else "")
    return shown, _posted(Endpoint(base_url, {}, None, shown), path, message, clock)


def _posted(endpoint: Endpoint, path: str, message: Message, clock: Clock) -> str | None:
    """Post the text; returns why it failed, or None."""
    from pusher.transport import Bounds, Transport

    bounds = Bounds(connect_s=5.0, write_s=10.0, read_s=10.0, total_s=15.0, response_bytes=64 * 1024)
    try:
        transport = Transport(endpoint, clock=clock, bounds=bounds)
        try:
            result = transport.post(path, json.dumps({"text": message.text}).encode())
        finally:
            transport.close()
    except PusherError as error:
        return error.problems[0].message
    except Exception as error:  # noqa: BLE001 -- each library has errors of its own about a host, and none ends a push
        return f"It failed by {type(error).__name__}."
    if isinstance(result, Failure):
        return result.message
    # What the server says is not repeated: it may quote the URL.
    return None if result.status in _GOOD else f"It answered HTTP {result.status}."


def _parts(url: str) -> SplitResult | str:
    """Return the parts of a URL, or what is wrong with it; the URL itself is never quoted."""
    try:
        parts = urlsplit(url)
        host, _ = parts.hostname or "", parts.port
    except ValueError:
        return "Its URL is not a URL."
    if not host or parts.scheme not in {"http", "https"} or "@" in parts.netloc or not url.isprintable():
        return "Its URL is not an https URL with a host and a path."
    if parts.scheme != "https" and not is_loopback(host):
        return "Its URL is not https; plain http is for this machine only."
    return parts
