"""The rules on portability: a page shows what its rule finds, and advises what none of them finds."""

from __future__ import annotations

import re
from collections.abc import Iterator
from inspect import getdoc

import pytest
import sqlglot

from pusher.lint.rules import RULES
from pusher.lint.rules.portability import PortabilityRule
from tests.models.render import Renderer

PORTABLE = [rule for rule in RULES if isinstance(rule, PortabilityRule)]
MACROS = Renderer()


def found_in(snippet: str) -> Iterator[str]:
    """Yield the codes of what differs in a piece of SQL of a page."""
    sql = MACROS.text(snippet)
    whole = {"case": f"select {sql} as one", "where": f"select 1 as one from orders {sql}"}
    tree = sqlglot.parse_one(whole.get(sql.split()[0], sql), dialect="duckdb")
    for rule in PORTABLE:
        for node in tree.walk():
            yield from (rule.code for _ in rule.differences(node))


@pytest.mark.parametrize("rule", PORTABLE, ids=lambda rule: rule.code)
def test_a_page_shows_what_its_rule_finds_and_what_no_rule_finds(rule: PortabilityRule) -> None:
    """The example breaks this rule, and what to use instead breaks none."""
    example, instead = re.findall(r"```sql\n(.*?)```", getdoc(rule) or "", re.DOTALL)
    assert rule.code in set(found_in(example))
    # A time as text comes from the macro, whose patterns have a reason of their own.
    assert set(found_in(instead)) - ({"PU804"} if "{{" in instead else set()) == set()


def test_the_rules_of_the_group_are_off() -> None:
    """DuckDB is the only engine so far: nobody is told of another one who did not ask."""
    assert [rule.severity for rule in PORTABLE] == ["off"] * 14
    assert {rule.code[:3] for rule in PORTABLE} == {"PU8"}
    assert [rule.code for rule in RULES if rule.code.startswith("PU8")] == [rule.code for rule in PORTABLE]
