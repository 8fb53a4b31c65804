"""The rules' own pages: their form, their codes, and the reference made of them."""

from __future__ import annotations

import re
from inspect import getdoc, getsourcefile
from pathlib import Path

import pytest

from pusher.lint import rules
from pusher.lint.reference import reference
from pusher.lint.rules import RULES, Rule

ROOT = Path(__file__).resolve().parents[2]
HEADINGS = ["What it does", "Why is this bad", "Example", "Use instead"]


def test_the_reference_is_up_to_date() -> None:
    """Run `python -m pusher.lint.reference > docs/reference/lint-rules.md` after changing a docstring."""
    assert reference() == (ROOT / "docs/reference/lint-rules.md").read_text(encoding="utf-8")


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.code)
def test_a_rule_has_a_manual_page_of_one_form(rule: Rule) -> None:
    """A title in one sentence, four headings in order, and an example in each half."""
    text = getdoc(rule) or ""
    assert text.splitlines()[0].endswith(".")
    assert re.findall(r"^## (.*)$", text, re.MULTILINE) == HEADINGS
    assert text.count("```") == 4


def test_codes_and_names_are_unique_and_in_order() -> None:
    """A code never moves from one rule to another."""
    codes = [rule.code for rule in RULES]
    assert codes == sorted(set(codes))
    assert len({rule.name for rule in RULES}) == len(RULES)
    assert all(re.fullmatch(r"PU\d{3}", code) for code in codes)
    assert all(re.fullmatch(r"[a-z]+\.[a-z-]+", rule.name) for rule in RULES)


def test_every_rule_is_registered_and_has_a_file_of_its_own() -> None:
    """A rule that is written and not listed would never run."""
    folder = Path(getsourcefile(rules) or "").parent
    written = {
        path.name
        for path in folder.glob("*.py")
        if re.search(r"^    code = ", path.read_text(encoding="utf-8"), re.MULTILINE)
    }
    registered = [Path(getsourcefile(type(rule)) or "").name for rule in RULES]
    assert sorted(registered) == sorted(written)
