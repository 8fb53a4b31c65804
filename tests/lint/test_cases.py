"""Every case file: lint says what its header expects, and nothing else of its rule."""

from __future__ import annotations

from pathlib import Path

import pytest

from pusher.lint.rules import RULES
from tests.lint.support import CASES, ON_DEMAND, about, linted, read_case, shown

FILES = sorted(CASES.rglob("*.sql"))


@pytest.mark.parametrize("path", FILES, ids=lambda path: f"{path.parent.name}-{path.stem}")
def test_a_case_finds_what_it_expects(path: Path, tmp_path: Path) -> None:
    """Rule, place, severity and message are those of the header."""
    case = read_case(path)
    findings = linted(tmp_path, case.files, payload=case.payload, source_id=case.source_id, severities=ON_DEMAND)
    assert case.expected == about(case, findings)


@pytest.mark.parametrize("path", FILES, ids=lambda path: f"{path.parent.name}-{path.stem}")
def test_a_case_is_named_after_its_outcome(path: Path) -> None:
    """`fail_` cases expect their rule, `pass_` cases expect nothing."""
    case = read_case(path)
    assert case.name.startswith("fail_") == any(f" {case.rule} " in line for line in case.expected)
    assert case.name.startswith(("fail_", "pass_"))


def test_every_rule_has_a_case_that_fails_and_one_that_passes() -> None:
    """A rule without cases is a rule nobody has seen at work."""
    # What the binder accepts the analysis reads too; these two are tested by breaking that.
    broken_by_hand = {"PU101", "PU102"}
    names = {(path.parent.name, path.stem.partition("_")[0]) for path in FILES}
    wanted = {(rule.code, outcome) for rule in RULES if rule.code not in broken_by_hand for outcome in ("fail", "pass")}
    assert wanted - names == set()


# Groups of rules that judge what ids, rows, amounts and times mean; the first group had other cases before.
MEANING = ("PU3", "PU5", "PU6", "PU7")
CORRECT = [
    path
    for path in FILES
    if path.stem.startswith("pass_") and path.parent.name.startswith(MEANING) and path.parent.name > "PU303"
]


@pytest.mark.parametrize("path", CORRECT, ids=lambda path: f"{path.parent.name}-{path.stem}")
def test_a_correct_view_is_told_nothing_above_a_note(path: Path, tmp_path: Path) -> None:
    """False alarms kill a linter: what one of these rules lets pass, none of them warns of."""
    case = read_case(path)
    findings = linted(tmp_path, case.files, payload=case.payload, source_id=case.source_id)
    told = [shown(one) for one in findings if one.rule.startswith(MEANING) and one.severity != "note"]
    assert told == []
