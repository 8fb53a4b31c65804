"""The one place that makes an HTTP client, and what every sender needs around it.

`client` posts one body and returns an `Answer` or a `Failure`; `network` holds every read and write to the request's
deadline; `failures` names what went wrong; `pacing` says when to send; `redaction` cleans a server's words.
"""

from __future__ import annotations

from pusher.transport.client import Transport, tls_context
from pusher.transport.network import Bounds
from pusher.transport.pacing import Pacer, backoff_s
from pusher.transport.redaction import redact

__all__ = ["Bounds", "Pacer", "Transport", "backoff_s", "redact", "tls_context"]
