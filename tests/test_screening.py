"""The last look at what is printed for somebody who may see no personal data."""

from __future__ import annotations

import base64
import hashlib
import time
from urllib.parse import quote

import pytest

from pusher.screening import screened, screened_value

ADDRESS, NUMBER = "canary.one@shop.example", "+12133734253"
HARMLESS = (
    "models/intermediate/int_orders__rolled_up.sql:12:3: error",
    "without the dots and the +tag before the @",
    "2026-11-28T16:00:00.000000+00:00 run 20261128T160000-ab12cd",
    "7654321098765432109 C4A1B2C3D4E5F6G7H8I9 002e096d8b067793b57cac6f34374fe7",
    "https://business-api.tiktok.com/open_api/v1.3/event/track/",
    "assert_that_offline_orders_are_not_sent_twice_1234",
    "+1,234.50 EUR and -3",
)


def codings(value: str) -> dict[str, str]:
    """Return a value in every form in which it may travel."""
    digest = hashlib.sha256(value.encode())
    return {
        "raw": value,
        "upper": value.upper(),
        "hex": value.encode().hex(),
        "HEX": value.encode().hex().upper(),
        "sha256": digest.hexdigest(),
        "SHA256": digest.hexdigest().upper(),
        "base64": base64.b64encode(value.encode()).decode(),
        "base64url": base64.urlsafe_b64encode(value.encode()).decode().rstrip("="),
        "sha256 base64": base64.b64encode(digest.digest()).decode(),
        "url": quote(value),
    }


@pytest.mark.parametrize("value", [ADDRESS, NUMBER])
@pytest.mark.parametrize("form", list(codings("")))
def test_an_identifier_is_hidden_in_any_coding(value: str, form: str) -> None:
    """Where it stands in a text, and nothing else of the text."""
    coded = codings(value)[form]
    assert screened(f"select '{coded}' as one, {coded}") == "select '****' as one, ****"


@pytest.mark.parametrize("text", HARMLESS)
def test_what_is_no_identifier_stays(text: str) -> None:
    """Places, times, ids, names and amounts are what a person reads the output for."""
    assert screened(text) == text


@pytest.mark.parametrize("text", ["a" * 500_000, "+1 " * 170_000, "x@" * 250_000, "(%40" * 125_000, "0f" * 250_000])
def test_a_long_text_takes_no_square_of_the_time(text: str) -> None:
    """Half a megabyte is screened in the time of a few reads, whatever it is made of."""
    started = time.process_time()
    screened(text)
    assert time.process_time() - started < 5


def test_values_of_json_are_screened_at_every_depth() -> None:
    """Names of fields too: they may be made of the data."""
    assert screened_value({ADDRESS: [{"note": f"call {NUMBER}", "n": 1}, None], "ok": True}) == {
        "****": [{"note": "call ****", "n": 1}, None],
        "ok": True,
    }
