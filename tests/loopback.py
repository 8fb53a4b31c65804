"""Plain HTTP on this machine: what tests ask of a sandbox beside the API."""

from __future__ import annotations

import ssl

NO_AUTHORITIES = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
"""For clients that never see TLS: to read the certificates of the authorities takes 25 ms for each of them."""
