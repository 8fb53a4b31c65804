"""The contract's files fit together, and the page in the manual is theirs."""

from __future__ import annotations

import re
from pathlib import Path

from pusher.destinations.tiktok.facts import contract, tables
from pusher.destinations.tiktok.reference import reference
from pusher.payload.load import CONFIDENCES
from tests.destinations import golden

PAGE = Path(__file__).parents[2] / "docs" / "reference" / "contract.md"


def test_the_page_of_the_manual_is_what_the_generator_writes() -> None:
    """Write it again: python -m pusher.destinations.tiktok.reference > docs/reference/contract.md."""
    assert PAGE.read_text(encoding="utf-8") == reference()


def test_every_class_that_is_named_exists() -> None:
    """Statuses and failures lead to classes that say what to do."""
    facts = contract()
    assert {*facts.http.values(), *facts.failures.values()} <= set(facts.classes)


def test_outcomes_and_waits_are_those_that_push_knows() -> None:
    """A verdict has six outcomes, and four ways to wait."""
    classes = contract().classes.values()
    assert {known.outcome for known in classes} <= {"accepted", "rejected", "retry", "unknown", "halt", "split"}
    assert {known.waits for known in classes} <= {"none", "backoff", "throttle", "minutes"}


def test_facts_that_only_this_destination_reads_have_a_source_too() -> None:
    """No number without a source and a confidence."""
    facts = [*tables("settings").values(), tables("responses")["answer"], tables("responses")["api"]]
    facts += [*tables("api")["endpoint"], *tables("api")["rate"], *tables("oauth")["scope"]]
    facts += [*tables("oauth")["fact"].values(), *tables("oauth")["need"].values()]
    facts += [
        fact
        for group in ("list", "number", "text", "same_type", "file_column")
        for fact in tables("audience")[group].values()
    ]
    assert {fact["source"] for fact in facts} <= set(contract().sources)
    assert {fact["confidence"] for fact in facts} <= set(CONFIDENCES)


def test_every_scope_that_is_needed_has_a_name() -> None:
    """Scopes of endpoints and scopes above others are listed; what a view needs is endpoints of the list."""
    known = {one["id"] for one in tables("oauth")["scope"]}
    needed = {one["scope"] for one in tables("api")["endpoint"] if one["scope"]}
    above = {one["parent"] for one in tables("oauth")["scope"] if "parent" in one}
    paths = {one["path"] for one in tables("api")["endpoint"]}
    called = {path for need in tables("oauth")["need"].values() for path in need["endpoints"]}
    assert (needed - known, above - known, called - paths) == (set(), set(), set())


def test_currencies_are_the_62_of_the_portal() -> None:
    """None is lost, none stands twice."""
    table = tables("currencies")
    listed = [code for key in ("two_decimals", "no_decimals", "three_decimals") for code in table[key]]
    assert (len(listed), len(set(listed))) == (62, 62)


def test_names_of_the_identifiers_of_an_audience_are_those_of_the_list() -> None:
    """A column of an audience view is sent under a name that the endpoint knows."""
    paths = {field.path for field in contract().payloads["audience"].fields}
    assert paths == {name for name in tables("audience")["list"]["id_schemas"]["values"] if name.endswith("SHA256")}


def test_what_the_sandbox_says_of_a_busy_audience_is_understood() -> None:
    """Each of its words means "later"; they are known in part, so the pattern asks for less."""
    table = tables("audience")
    words = [table["text"][name]["value"] for name in ("not_editable", "processing", "unfinished_replace")]
    assert [word for word in words if not re.search(table["busy"]["pattern"], word)] == []


def test_a_rename_leads_to_a_current_value() -> None:
    """No chain of renames, no rename of a current value."""
    for payload in contract().payloads.values():
        for enum in payload.enums.values():
            assert set(enum.translations.values()) <= set(enum.values)
            assert {rename.old for rename in enum.renames}.isdisjoint(enum.values)


def test_no_fact_changes_unseen() -> None:
    """The loaded contract is the one in the golden file: a change of fact is a diff that a reviewer reads."""
    same = golden.text() == golden.FILE.read_text("utf-8")
    assert same, "If the change is meant, run `python -m tests.destinations.golden` and commit the file."
