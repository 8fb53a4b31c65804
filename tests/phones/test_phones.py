"""The phone macro against libphonenumber, and its generated part against the metadata."""

from __future__ import annotations

from pathlib import Path

import phonenumbers
import pytest

from tests.models.render import Renderer, evaluate
from tests.phones import agreement, generate, plans
from tests.phones.variants import Written

MOST_TEXT = 60_000


def test_the_generated_macros_are_those_of_the_metadata() -> None:
    """The file in `macros/` is what the generator writes."""
    assert generate.MACROS.read_text(encoding="utf-8") == generate.macros()


def test_check_tells_a_file_that_was_edited(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """`--check` is 1 for another text and changes nothing; without it the file is written."""
    file = tmp_path / "phone_plans.sql"
    file.write_text("edited", encoding="utf-8")
    monkeypatch.setattr(generate, "MACROS", file)
    assert (generate.main(["--check"]), file.read_text(encoding="utf-8")) == (1, "edited")
    assert (generate.main([]), generate.main(["--check"])) == (0, 0)


def test_every_example_number_is_the_same_in_every_form() -> None:
    """National, international, E.164, RFC 3966 and dialled from abroad: libphonenumber and the macro agree on all."""
    found = agreement.examples()
    assert found.shown == {}
    assert set(found.regions) == {*plans.REGIONS, plans.NON_GEOGRAPHIC}


def test_badly_spelled_numbers_are_the_same() -> None:
    """Of 20,000 badly spelled numbers 99.5 % are the same, and none becomes another number."""
    found = agreement.nasty(20_000, seed=1)
    assert (found.share >= agreement.GOAL, found.outcomes["different"], found.outcomes.total()) == (True, 0, 20_000)


def test_the_page_is_of_the_metadata_that_the_macros_are_of() -> None:
    """Who takes new metadata runs the comparison again."""
    text = agreement.PAGE.read_text(encoding="utf-8")
    assert f"libphonenumber {phonenumbers.__version__}.\n" in text
    assert [line.split(" | ")[0] for line in text.splitlines() if line.startswith(("| AC ", "| ZW "))] == [
        "| AC",
        "| ZW",
    ]


def test_the_page_counts_what_was_compared() -> None:
    """A row of the table for each region, and the share of all."""
    rows = agreement.compare([Written("020 7946 0123", "GB", "GB", "national")])
    text = agreement.page(rows, rows, seed=3)
    assert "| GB | 1 | 100.00 % | 0 | 0 | 0 |" in text
    assert "- 1 numbers near them, spelled badly (seed 3): 100.00 % the same," in text


def test_a_compiled_number_is_short() -> None:
    """All numbering plans of the world are less text than a page of a model's own would be."""
    assert len(Renderer().text("{{ hashed_phone('phone', 'country') }}")) < MOST_TEXT


def test_a_country_is_two_letters_and_nothing_else() -> None:
    """What is no code of a country reads no national number, even when it stands in the packed text."""
    countries = ["GB", "gb ", "G", "GB>", "A,A", "AD,AE", "C,A", ",AD", "C,", "%", "DE,GB", "826", "GBR"]
    normalize = Renderer(default_country="").text("{{ normalize_phone('text', 'country') }}")
    found = evaluate(normalize, text=["020 7946 0123"] * len(countries), country=countries)
    assert found == ["+442079460123", "+442079460123", *[None] * (len(countries) - 2)]


def test_a_rule_that_no_step_follows_stops_the_generator(monkeypatch: pytest.MonkeyPatch) -> None:
    """New metadata with a new kind of rule is an error and no wrong number."""
    monkeypatch.setitem(plans._OWN_RULE, "BR", "another")
    with pytest.raises(ValueError, match=r"BR: .* which no step does yet"):
        generate.macros()
