"""Identity profiles: what the digest of one value is for events and for audiences, with where each vector is from."""

from __future__ import annotations

import csv
import hashlib
from collections.abc import Sequence
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.models import oracle
from tests.models.render import CompilerError, Renderer, evaluate
from tests.models.test_identity import ADDRESS

EVENTS, NEWEST, DOTS = "events_2_0", "audience_2026", "audience_2025_dots"
MACROS = Renderer()


def sha256(text: str | None) -> str | None:
    """Return the digest of a text."""
    return None if text is None else hashlib.sha256(text.encode()).hexdigest()


def digests(kind: str, profile: str, texts: Sequence[str | None], macros: Renderer = MACROS) -> list[str | None]:
    """Return what the macro of a kind makes of texts under a profile."""
    macro = {"email": "hashed_email", "idfa": "hashed_idfa", "gaid": "hashed_gaid"}[kind]
    return evaluate(macros.text(f"{{{{ {macro}('text', profile='{profile}') }}}}"), text=texts)


def without_dots(address: str | None) -> str | None:
    """Return a normalised address as the older pages of audiences ask for it."""
    if address is None:
        return None
    local, _, domain = address.partition("@")
    short = local.partition("+")[0].replace(".", "")
    return f"{short}@{domain}" if short else None


def vectors() -> list[dict[str, str]]:
    """Return the golden vectors."""
    path = Path(__file__).parent / "profile_vectors.csv"
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


@pytest.mark.parametrize("vector", vectors(), ids=lambda one: f"{one['kind']} {one['profile']} {one['input']}")
def test_a_golden_vector_has_its_digest(vector: dict[str, str]) -> None:
    """Each is what the profile makes of the input, and the digest is that of the text beside it."""
    expected = vector["sha256"] or None
    assert sha256(vector["normalised"] or None) == expected
    if vector["kind"] == "phone":
        assert evaluate(MACROS.text("{{ hashed_phone('text') }}"), text=[vector["input"]]) == [expected]
    else:
        assert digests(vector["kind"], vector["profile"], [vector["input"]]) == [expected]


@settings(deadline=None, max_examples=50)
@given(st.lists(ADDRESS, min_size=1, max_size=40))
def test_addresses_under_each_profile_agree_with_the_oracle(texts: list[str | None]) -> None:
    """Events and the newest guideline agree; the older one drops dots and tags of the very same addresses."""
    plain = [oracle.normalize_email(text) for text in texts]
    assert digests("email", NEWEST, texts) == digests("email", EVENTS, texts) == [sha256(one) for one in plain]
    assert digests("email", DOTS, texts) == [sha256(without_dots(one)) for one in plain]


@settings(deadline=None, max_examples=50)
@given(st.lists(ADDRESS, min_size=1, max_size=40))
def test_an_address_without_dots_stays_as_it_is(texts: list[str | None]) -> None:
    """Normalising twice changes nothing under the older guideline either."""
    normalize = MACROS.text(f"{{{{ normalize_email('text', '{DOTS}') }}}}")
    once = evaluate(normalize, text=texts)
    assert evaluate(normalize, text=once) == once


def test_the_case_of_an_iphones_id_is_chosen_for_audiences_only() -> None:
    """Events stay in upper case, whatever the var says."""
    capitals = Renderer(audience_idfa_case="upper")
    idfa, upper = ["ea7583cd-0001"], sha256("EA7583CD-0001")
    assert digests("idfa", NEWEST, idfa) == [sha256("ea7583cd-0001")]
    assert digests("idfa", NEWEST, idfa, capitals) == digests("idfa", EVENTS, idfa, capitals) == [upper]
    assert digests("gaid", NEWEST, ["EA7583CD-0001"], capitals) == [sha256("ea7583cd-0001")]


@pytest.mark.parametrize("kind", ["idfa", "gaid"])
def test_an_advertising_id_that_identifies_nobody_has_no_digest_in_audiences(kind: str) -> None:
    """Zeros, words, nothing: no member; blanks around an id are none of it."""
    nobody = ["00000000-0000-0000-0000-000000000000", "0", "-", "n/a", "unknown", "", "  ", None, "A1;B2"]
    assert digests(kind, NEWEST, [*nobody, "\u00a0a1-b2\t"]) == [*[None] * len(nobody), sha256("a1-b2")]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (
            "{{ hashed_email('text', profile='audience_2025') }}",
            "An identity profile is events_2_0, audience_2026 or audience_2025_dots, not audience_2025",
        ),
        ("{{ audience_profile() }}", "audience_profile must be that of an audience, not events_2_0"),
        ("{{ idfa_case('audience_2026') }}", "audience_idfa_case must be upper or lower, not Upper"),
    ],
)
def test_a_misspelt_profile_is_refused(text: str, message: str) -> None:
    """It would change every digest of an audience in silence."""
    with pytest.raises(CompilerError) as caught:
        Renderer(audience_profile="events_2_0", audience_idfa_case="Upper").text(text)
    assert str(caught.value) == message
