"""What `pusher explain` says of values: each step of a usable one, and why another is not."""

from __future__ import annotations

import hashlib
import json

import pytest

from pusher.project.explaining import HASHED, IN_AUDIENCES, KINDS
from tests.cli.explain.explaining import CANARY, DIGEST, SENT, Explain, both, sha256, steps
from tests.models.render import Renderer, evaluate

WITHOUT_DOTS = ("--audience", "--vars", "{audience_profile: audience_2025_dots}")
USABLE: dict[str, tuple[str, str, tuple[str, ...], list[tuple[str, str | None]]]] = {
    "email": (
        "email",
        " Ann+x@Example.com\u200b",
        (),
        [
            ("without blanks and invisible characters", "Ann+x@Example.com"),
            ("one address, in lower case", "ann+x@example.com"),
            *both("ann+x@example.com"),
        ],
    ),
    "phone": (
        "phone",
        "(212) 555-0123",
        ("--country", "us"),
        [("in international form, E.164", "+12125550123"), *both("+12125550123")],
    ),
    "external id": ("external_id", " User_1 ", (), [("without blanks around it", "User_1"), *both("User_1")]),
    "idfa": (
        "idfa",
        "ea7583cd-a667",
        (),
        [("without blanks around it, in upper case", "EA7583CD-A667"), *both("EA7583CD-A667")],
    ),
    "gaid": ("gaid", "AA-22", (), [("without blanks around it, in lower case", "aa-22"), *both("aa-22")]),
    "ip": ("ip", "2001:DB9::1", (), [(SENT, "2001:db9::1")]),
    "user agent": ("user_agent", "Browser/5.0\x07 (Test)", (), [(SENT, "Browser/5.0 (Test)")]),
    "a digest": (
        "email",
        f" {DIGEST.upper()}",
        ("--state", "auto"),
        [
            ("a digest already, in lower case", DIGEST),
            ("without blanks and invisible characters", DIGEST.upper()),
            ("one address, in lower case", None),
            ("SHA-256", DIGEST),
            (SENT, DIGEST),
        ],
    ),
    "in an audience": (
        "email",
        "A.Lee+x@Example.com",
        ("--audience",),
        [
            ("without blanks and invisible characters", "A.Lee+x@Example.com"),
            ("one address, in lower case", "a.lee+x@example.com"),
            *both("a.lee+x@example.com"),
        ],
    ),
    "in an audience without dots": (
        "email",
        "A.Lee+x@Example.com",
        WITHOUT_DOTS,
        [
            ("without blanks and invisible characters", "A.Lee+x@Example.com"),
            ("one address, in lower case", "a.lee+x@example.com"),
            ("without dots and +tag before the @", "alee@example.com"),
            *both("alee@example.com"),
        ],
    ),
    "idfa in an audience": (
        "idfa",
        " EA7583CD-A667\t",
        ("--audience",),
        [("a device, without blanks, in lower case", "ea7583cd-a667"), *both("ea7583cd-a667")],
    ),
    "gaid in an audience": (
        "gaid",
        "AA-22",
        ("--audience", "--vars", "{audience_idfa_case: upper}"),
        [("a device, without blanks, in lower case", "aa-22"), *both("aa-22")],
    ),
    "a value among digests": (
        "gaid",
        "aa-22",
        ("--state", "auto"),
        [
            ("a digest already, in lower case", None),
            ("without blanks around it, in lower case", "aa-22"),
            *both("aa-22"),
        ],
    ),
}


@pytest.mark.parametrize("case", USABLE)
def test_each_step_is_shown_with_what_it_left(explain: Explain, case: str) -> None:
    """By the project's macros, then by the checks of a push."""
    kind, value, words, expected = USABLE[case]
    ran = explain(kind, value, *words, "--json", "--reveal")
    assert (ran.code, steps(ran), ran.json["unusable"]) == (0, expected, None)
    assert ran.json["digest"] == (expected[-1][1] if kind in HASHED else None)


@pytest.mark.parametrize(
    ("kind", "words", "profile"),
    [
        ("email", (), "events_2_0"),
        ("phone", ("--audience",), "audience_2026"),
        ("email", WITHOUT_DOTS, "audience_2025_dots"),
        ("ip", (), None),
    ],
)
def test_the_profile_is_named(explain: Explain, kind: str, words: tuple[str, ...], profile: str | None) -> None:
    """Which rules were used is part of the answer; an address of a network has none."""
    assert explain(kind, "8.8.8.8", *words, "--json").json["profile"] == profile


@pytest.mark.parametrize("kind", sorted(set(KINDS) - set(IN_AUDIENCES)))
def test_what_no_audience_holds_is_refused(explain: Explain, kind: str) -> None:
    """An audience has no such column."""
    ran = explain(kind, CANARY, "--audience", "--json")
    assert [(one["message"], one["fix"]) for one in ran.json["errors"]] == [
        (f"An audience has no {kind}.", "Kinds in audiences: email, phone, idfa, gaid.")
    ]
    assert ran.code == 2


@pytest.mark.parametrize("kind", HASHED)
def test_the_digest_is_the_one_that_a_model_gets(explain: Explain, kind: str) -> None:
    """The last step is what the macro of the models makes of the value."""
    value = {"email": "Ann@Example.com ", "phone": "+1 212 555 0123"}.get(kind, " Ab-12 ")
    macro = Renderer().text(f"{{{{ hashed_{kind}('text') }}}}")
    assert [explain(kind, value, "--json").json["digest"]] == evaluate(macro, text=[value])


UNUSABLE: dict[str, tuple[str, str, tuple[str, ...], str]] = {
    "empty": ("email", " \u00a0", (), "It is empty."),
    "no at": ("email", "ann.example.com", (), "It has no @."),
    "two": ("email", "a@example.com;b@example.com", (), "It has more than one @: it may be two addresses."),
    "letters": (
        "email",
        "k\u00e4the@example.com",
        (),
        "It has a letter outside ASCII, which two systems would fold or encode differently.",
    ),
    "long": ("email", f"{'a' * 250}@example.com", (), "It is longer than the 254 characters of an address."),
    "no name": ("email", "@example.com", (), "It has nothing before the @."),
    "name": (
        "email",
        "Ann <ann@example.com>",
        (),
        "It has a comma, quote or bracket before the @: it may be a name with an address.",
    ),
    "no dot": ("email", "ann@example", (), "Its domain has no dot, as in example.com."),
    "hyphen": ("email", "ann@-example.com", (), "It is not of the form name@example.com."),
    "digest as address": (
        "email",
        DIGEST,
        (),
        "It is a digest already: the macro of its column needs the state sha256 or auto.",
    ),
    "placeholder": (
        "email",
        "Test@test.com",
        (),
        "It is a placeholder that many rows share, and identifies nobody.",
    ),
    "digest of nothing": (
        "email",
        hashlib.sha256(b"").hexdigest(),
        ("--state", "auto"),
        "It is a placeholder that many rows share, and identifies nobody.",
    ),
    "digest of a placeholder": (
        "phone",
        f" {hashlib.sha256(b'+1').hexdigest().upper()} ",
        ("--state", "auto"),
        "It is a placeholder that many rows share, and identifies nobody.",
    ),
    "no digest": (
        "email",
        "ann@example.com",
        ("--state", "sha256"),
        "It is no digest: 64 hexadecimal digits and nothing else.",
    ),
    "tag only": ("email", "+x@example.com", WITHOUT_DOTS, "Without dots and +tag it has nothing before the @."),
    "zeros in an audience": (
        "idfa",
        "0000-00",
        ("--audience",),
        "It is zeros: the owner of the phone allows no tracking.",
    ),
    "no device": ("gaid", "n/a", ("--audience",), "It has more than hexadecimal digits and hyphens."),
    "no id in an audience": ("gaid", " ", ("--audience",), "It is empty."),
    "no phone": ("phone", "", (), "It is empty."),
    "no number": ("phone", "-", (), "It has no digit."),
    "letters in a number": ("phone", "ann 12", (), "It has letters, or an extension."),
    "digest as number": (
        "phone",
        DIGEST,
        (),
        "It is a digest already: the macro of its column needs the state sha256 or auto.",
    ),
    "too short": (
        "phone",
        "+1 212 555",
        (),
        "After + or 00 there are too few, too many or other digits than numbers of that calling code have.",
    ),
    "no country": (
        "phone",
        "(212) 555-0123",
        (),
        "It is in national form, and neither a country nor the var default_country says how to read it.",
    ),
    "other country": (
        "phone",
        "12",
        ("--country", "US"),
        "It is no number of its country: too few, too many or other digits, or a country that the macro cannot read.",
    ),
    "no id": ("external_id", "  ", (), "It is empty."),
    "zeros": (
        "gaid",
        "00000000-0000-0000-0000-000000000000",
        (),
        "It is a placeholder that many rows share, and identifies nobody.",
    ),
    "private": ("ip", "192.168.0.7", (), "It is an address of a private or reserved network, which many share."),
    "no ip": ("ip", "example.com", (), "It is no IPv4 and no IPv6 address."),
    "blank ip": ("ip", " ", (), "It is empty."),
    "blank agent": ("user_agent", " ", (), "It is empty."),
    "long agent": ("user_agent", "x" * 5000, (), "user_agent is longer than 4,096 bytes."),
}


@pytest.mark.parametrize("case", UNUSABLE)
def test_an_unusable_value_says_why(explain: Explain, case: str) -> None:
    """Nothing is sent, and the exit code is 1."""
    kind, value, words, expected = UNUSABLE[case]
    ran = explain(kind, value, *words, "--json")
    assert (ran.code, ran.json["unusable"], ran.json["digest"], ran.json["steps"][-1]["left"]) == (
        1,
        expected,
        None,
        False,
    )


def test_a_default_country_reads_a_national_number(explain: Explain) -> None:
    """As in a build, the variable stands in for a row without a country."""
    ran = explain("phone", "(212) 555-0123", "--vars", "{default_country: US}", "--json")
    assert ran.json["digest"] == sha256("+12125550123")


@pytest.mark.parametrize("country", ["D", "DEU", "D'", "\u00df", "true", "1", "' || given || '"])
def test_a_default_country_is_two_letters(explain: Explain, country: str) -> None:
    """It stands in the SQL, so that anything else is told before it gets there."""
    ran = explain("phone", CANARY, "--vars", json.dumps({"default_country": country}), "--json")
    (problem,) = ran.json["errors"]
    message = f"The var default_country is the two letters of a country, such as 'DE', not `{country}`."
    assert (ran.code, problem["message"]) == (2, message)
