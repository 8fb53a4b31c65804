"""A server's words, without what they may quote."""

from __future__ import annotations

import hashlib
import time
from random import Random

import pytest

from pusher.transport import redact

DIGEST = hashlib.sha256(b"somebody").hexdigest()
TOKEN = hashlib.sha1(b"token").hexdigest()  # noqa: S324 -- only its shape matters


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("OK", "OK"),
        (
            "data.3.properties.contents.0.content_id: Not a valid string",
            "data.3.properties.contents.0.content_id: Not a valid string",
        ),
        (
            "No permission to operate pixel code: C4A1B2C3D4E5F6G7H8I9, event set 7654321098765432109",
            "No permission to operate pixel code: C4A1B2C3D4E5F6G7H8I9, event set 7654321098765432109",
        ),
        (f"bad value {DIGEST}", "bad value [digest]"),
        (f"bad value {DIGEST.upper()}.", "bad value [digest]."),
        (f"token {TOKEN} is wrong", "token [token] is wrong"),
        ("Authorization: Bearer abc.def", "Authorization: [token]"),
        ("who is Jane.Doe+x@mail.example?", "who is [e-mail]"),
        ("<jane@mail.example>", "<[e-mail]>"),
        ("jane%40mail.example", "[e-mail]"),
        ("call +1 (213) 373-4253 now", "call [phone] now"),
        ("call 00442071838750", "call [phone]"),
        ("line\none\ttwo\x1b[31m\u202e\ud800", "line\\none\\ttwo\\x1b[31m\\u202e\\ud800"),
        ("naïve — ☃", "naïve — ☃"),
    ],
)
def test_identifiers_and_secrets_go_and_the_rest_stays(text: str, expected: str) -> None:
    """A person still reads which field of which row was wrong."""
    assert redact(text) == expected


def test_a_long_text_is_cut() -> None:
    """500 characters are enough for a reason."""
    assert redact("word " * 1_000) == ("word " * 1_000)[:499] + "…"


def test_what_stands_at_the_cut_is_not_shown() -> None:
    """Half a token matches no pattern, so the edge of what was read is dropped."""
    for spaces in range(7_000, 8_300, 37):
        text = redact(f"{'a@b.c ' * 10}{' ' * spaces}{TOKEN}".replace("  ", " "))
        assert TOKEN[:12] not in text


@pytest.mark.parametrize("alphabet", ["a", "1", "a1-", "@", "a@", "+1 ", "%40", " "])
def test_hostile_text_takes_no_longer_than_its_length(alphabet: str) -> None:
    """Text made for slow patterns is cleaned in a time that grows with its length, not with its square."""
    random = Random(3)  # noqa: S311 -- seeded on purpose
    text = "".join(random.choices(alphabet, k=1_000_000))

    def seconds(characters: int) -> float:
        taken = []
        for _ in range(3):
            started = time.process_time()
            redact(text[:characters])
            taken.append(time.process_time() - started)
        return max(min(taken), 1e-4)

    assert seconds(1_000_000) / seconds(20_000) < 500
