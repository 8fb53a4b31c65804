"""The identity macros against vectors and a second implementation."""

from __future__ import annotations

import hashlib
import string

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.models import oracle
from tests.models.conftest import Vector
from tests.models.render import CompilerError, Renderer, evaluate

MACROS = Renderer()
NORMALIZE_EMAIL = MACROS.text("{{ normalize_email('text') }}")
NORMALIZE_PHONE = MACROS.text("{{ normalize_phone('text', 'country') }}")

BLANKS = " \t\n\r\v\f\u0085\u00a0\u200b\u200e\u202c\u2060\u3000\ufeff"
LOCAL = st.text(string.ascii_letters + string.digits + ".+_'-é\u212a\u0130" + BLANKS, min_size=1, max_size=12)
DOMAIN = st.lists(st.text(string.ascii_letters + string.digits + "-" + BLANKS, max_size=8), min_size=1, max_size=4)
NEARLY_ADDRESS = st.builds(lambda local, at, domain: local + at + ".".join(domain), LOCAL, st.just("@"), DOMAIN)
ADDRESS = st.one_of(NEARLY_ADDRESS, st.text(max_size=20), st.text("ab@. <>,\"'", max_size=12), st.none())

COUNTRY = st.sampled_from(
    ["US", "CA", "GB", "UK", "de", "FR", " IT ", "ES", "IE", "LU", "SG", "BR", "HU", "AR", "RU", "JE", "XX", "", None]
)
CODES = sorted({"1", "44", "49", "39", "34", "353", "352", "65", "55", "36", "54", "7", "210", "380", "800", "979"})
NEARLY_NUMBER = st.builds(
    lambda mark, code, zero, digits: mark + code + zero + digits,
    st.sampled_from(["+", "00", "", "(+", "+ ", "\u202a+"]),
    st.sampled_from(["", *CODES]),
    st.sampled_from(["", "0", "(0)", "( 0 )", "1", " "]),
    st.text(string.digits + " -./()\u2011\u00a0", max_size=18),
)
NUMBER = st.one_of(NEARLY_NUMBER, st.text("0123456789+()= x#", max_size=20), st.text(max_size=12), st.none())


def test_vectors_of_normalised_values(vectors: list[Vector]) -> None:
    """Every vector normalises to what the table says."""
    texts, countries = [vector.text for vector in vectors], [vector.country for vector in vectors]
    emails = evaluate(NORMALIZE_EMAIL, text=texts)
    phones = evaluate(NORMALIZE_PHONE, text=texts, country=countries)
    found = [
        email if vector.kind == "email" else phone for vector, email, phone in zip(vectors, emails, phones, strict=True)
    ]
    assert found == [vector.expected for vector in vectors]


@pytest.mark.parametrize("call", ["hashed_email('text')", "hashed_phone('text', 'country')", "blank_characters()"])
def test_a_macro_may_be_indented(call: str) -> None:
    """No character of a pattern ends a line, so that the filter puts nothing into it."""
    plain, indented = (MACROS.text(f"{{{{ {call}{filters} }}}}") for filters in ("", " | indent(8)"))
    assert [line.strip() for line in plain.split("\n")] == [line.strip() for line in indented.split("\n")]


def test_vectors_of_digests(vectors: list[Vector]) -> None:
    """Every vector hashes to the digest of the table, and junk to no digest at all.

    Defects B9, B11 and B14 of peers: a number is hashed in its form of E.164 and not as it was typed, with all of its
    15 digits, and nothing has no digest.
    """
    texts, countries = [vector.text for vector in vectors], [vector.country for vector in vectors]
    emails = evaluate(MACROS.text("{{ hashed_email('text') }}"), text=texts)
    phones = evaluate(MACROS.text("{{ hashed_phone('text', 'country') }}"), text=texts, country=countries)
    found = [
        email if vector.kind == "email" else phone for vector, email, phone in zip(vectors, emails, phones, strict=True)
    ]
    assert found == [vector.digest for vector in vectors]


def test_vectors_agree_with_the_oracle(vectors: list[Vector]) -> None:
    """The oracle itself returns what the table says."""
    assert [vector.expected for vector in vectors] == [
        oracle.normalize_email(vector.text)
        if vector.kind == "email"
        else oracle.normalize_phone(vector.text, vector.country)
        for vector in vectors
    ]


@settings(deadline=None, max_examples=50)
@given(st.lists(ADDRESS, min_size=1, max_size=40))
def test_addresses_agree_with_the_oracle(texts: list[str | None]) -> None:
    """Any text normalises as the second implementation says."""
    assert evaluate(NORMALIZE_EMAIL, text=texts) == [oracle.normalize_email(text) for text in texts]


@settings(deadline=None, max_examples=50)
@given(st.lists(st.tuples(NUMBER, COUNTRY), min_size=1, max_size=40))
def test_numbers_agree_with_the_oracle(pairs: list[tuple[str | None, str | None]]) -> None:
    """Any text and country normalise as the second implementation says."""
    texts, countries = [text for text, _ in pairs], [country for _, country in pairs]
    found = evaluate(NORMALIZE_PHONE, text=texts, country=countries)
    # Local numbers of these get no area code, as the reference page says: no number, and never another one.
    expected = [
        None
        if number is None and country in {"JE", "GG", "IM", "NF", "MG", "SM"}
        else oracle.normalize_phone(text, country)
        for (text, country), number in zip(pairs, found, strict=True)
    ]
    assert found == expected


@settings(deadline=None, max_examples=50)
@given(st.lists(ADDRESS, min_size=1, max_size=40))
def test_an_address_normalised_twice_is_the_same(texts: list[str | None]) -> None:
    """Normalising a normalised address changes nothing."""
    once = evaluate(NORMALIZE_EMAIL, text=texts)
    assert evaluate(NORMALIZE_EMAIL, text=once) == once


@settings(deadline=None, max_examples=50)
@given(st.lists(st.tuples(NUMBER, COUNTRY), min_size=1, max_size=40))
def test_a_number_normalised_twice_is_the_same_in_any_country(pairs: list[tuple[str | None, str | None]]) -> None:
    """Normalising a normalised number changes nothing, whatever country is given the second time."""
    texts, countries = [text for text, _ in pairs], [country for _, country in pairs]
    once = evaluate(NORMALIZE_PHONE, text=texts, country=countries)
    assert evaluate(NORMALIZE_PHONE, text=once, country=countries[::-1]) == once


def test_a_national_number_needs_a_country() -> None:
    """Without a row's country and without a default, only a number with its calling code counts."""
    normalize = Renderer(default_country="").text("{{ normalize_phone('text') }}")
    assert evaluate(normalize, text=["213 373 4253", "+1 213 373 4253"]) == [None, "+12133734253"]


def test_default_country_is_read_in_either_case() -> None:
    """A default country in lower case is the same country."""
    normalize = Renderer(default_country="gb").text("{{ normalize_phone('text', 'country') }}")
    assert evaluate(normalize, text=["07700 900123"] * 2, country=[None, " "]) == ["+447700900123"] * 2


@pytest.mark.parametrize("given", [" gb ", None, "", False])
def test_default_country_is_trimmed_and_may_be_empty(given: object) -> None:
    """Blanks around it are no part of a country."""
    assert Renderer(default_country=given).text("{{ default_country() }}") == ("GB" if given == " gb " else "")


@pytest.mark.parametrize("given", ["g", "gbr", "g'", "\u00df", "1a", True])
def test_default_country_that_is_none_stops_the_build(given: object) -> None:
    """It would stand in SQL as it is."""
    with pytest.raises(CompilerError, match=r"^The var default_country is the two letters of a country, such as 'DE'"):
        Renderer(default_country=given).text("{{ normalize_phone('text') }}")


def test_nothing_is_never_hashed() -> None:
    """NULL and empty text have no digest."""
    assert evaluate(MACROS.text("{{ sha256_hex('text') }}"), text=[None, "", "user_123"]) == [
        None,
        None,
        "80fba0ae1c48e3978e43e4efc365e14e12ea0c830ba8ba5b9a2dafc7e3f2ab8b",
    ]


def test_an_external_id_is_trimmed_and_keeps_its_case() -> None:
    """An external id is hashed as it is, but for blanks around it."""
    assert evaluate(MACROS.text("{{ hashed_external_id('text') }}"), text=[" User_1 ", "  ", None]) == [
        hashlib.sha256(b"User_1").hexdigest(),
        None,
        None,
    ]


def test_advertising_ids_are_hashed_as_the_samples_of_tiktok_are() -> None:
    """An id of iOS in upper case and one of Android in lower case, however they are written in the source."""
    idfa, gaid = "EA7583CD-A667-48BC-B806-42ECB2B48606", "aaaaaa-2222-1111-8787-809e92233ba0"
    for macro, values, digest in (
        (
            "hashed_idfa",
            [idfa, f" {idfa.lower()} "],
            "70574fa9c8f498a7b2e5c8712b1126de7b1406fd02fdc591821c5bd33092fd1c",
        ),
        (
            "hashed_gaid",
            [gaid, f" {gaid.upper()} "],
            "0ebad966881e1eebffe69b3abf624631cf83ec9bf8cb3ce134c7c75c6d8ee7fc",
        ),
    ):
        hashed = evaluate(MACROS.text(f"{{{{ {macro}('text') }}}}"), text=[*values, " ", None])
        assert hashed == [digest, digest, None, None]


def test_the_version_of_the_rules_names_the_profile_of_audiences() -> None:
    """The version is text that a run can keep: a day, and what else decides a digest."""
    assert MACROS.text("{{ normaliser_version() }}") == "2026-11-28 audience_2026 idfa-lower"
    other = Renderer(audience_profile="audience_2025_dots", audience_idfa_case="upper")
    assert other.text("{{ normaliser_version() }}") == "2026-11-28 audience_2025_dots idfa-upper"


# states ---------------------------------------------------------------------------------------------------------------

RAW = {
    "email": (" Ann@Example.com", hashlib.sha256(b"ann@example.com").hexdigest()),
    "phone": ("(213) 373-4253", hashlib.sha256(b"+12133734253").hexdigest()),
    "external_id": (" User_1 ", hashlib.sha256(b"User_1").hexdigest()),
    "idfa": ("ea7583cd-0000", hashlib.sha256(b"EA7583CD-0000").hexdigest()),
    "gaid": ("AAAA-2222", hashlib.sha256(b"aaaa-2222").hexdigest()),
}
DIGEST = hashlib.sha256(b"anything").hexdigest()
# What is a digest but for blanks around it and upper case, and what only resembles one.
GIVEN = [DIGEST, f"\u00a0{DIGEST.upper()}\r\n"]
NO_DIGESTS = [
    DIGEST[:63],
    f"{DIGEST}0",
    f"{DIGEST[:32]} {DIGEST[32:]}",
    f"{DIGEST[:63]}g",
    f"{DIGEST}\n{DIGEST}",
    "",
    None,
]


def hashed(kind: str, state: str, texts: list[str | None]) -> list[str | None]:
    """Return the digests of a kind of identifier whose column is in a state."""
    country = ", \"'US'\"" if kind == "phone" else ""
    return evaluate(MACROS.text(f"{{{{ hashed_{kind}('text'{country}, state='{state}') }}}}"), text=texts)


@pytest.mark.parametrize("kind", RAW)
def test_a_column_of_digests_holds_nothing_else(kind: str) -> None:
    """State sha256: trimmed and in lower case; whatever is not 64 digits is left out, a readable value too."""
    found = hashed(kind, "sha256", [*GIVEN, *NO_DIGESTS, RAW[kind][0]])
    assert found == [DIGEST, DIGEST, *[None] * len(NO_DIGESTS), None]


@pytest.mark.parametrize("kind", RAW)
def test_a_mixed_column_is_hashed_where_it_is_no_digest(kind: str) -> None:
    """State auto: a digest passes, everything else is what the state raw makes of it."""
    others = [*NO_DIGESTS, RAW[kind][0]]
    assert hashed(kind, "auto", [*GIVEN, *others]) == [DIGEST, DIGEST, *hashed(kind, "raw", others)]
    assert hashed(kind, "raw", [RAW[kind][0]]) == [RAW[kind][1]]


@pytest.mark.parametrize("kind", RAW)
def test_a_column_is_raw_unless_it_says_otherwise(kind: str) -> None:
    """A digest in a raw column is a value like any other: an id is hashed, an address or number is none."""
    again = hashlib.sha256((DIGEST.upper() if kind == "idfa" else DIGEST).encode()).hexdigest()
    assert hashed(kind, "raw", [DIGEST]) == [None if kind in {"email", "phone"} else again]
    assert MACROS.text(f"{{{{ hashed_{kind}('text') }}}}") == MACROS.text(
        f"{{{{ hashed_{kind}('text', state='raw') }}}}"
    )


def test_another_state_is_refused() -> None:
    """A misspelt state would hash a digest."""
    with pytest.raises(CompilerError) as caught:
        MACROS.text("{{ hashed_email('text', 'sha-256') }}")
    assert str(caught.value) == "The state of an identifier is raw, sha256 or auto, not `sha-256`."
