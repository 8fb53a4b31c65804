"""Values of variables in SQL: they can change a value, never what the statement does."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from pusher.payload.sql import identifier, literal
from tests.cli.conftest import pusher
from tests.compile.support import compiled
from tests.conftest import ProjectFactory

HOSTILE = [
    "'; copy (select 1) to 'out.csv'; --",
    "' union all select content from read_text('/etc/passwd') --",
    "'); drop table t; --",
    "{{ env_var('HOME') }}",
    "{% include 'x' %}",
    "\\' or 1=1 --",
    "\x00'; select 1",
    '"; select 1 --',
    "*/ select 1 /*",
]


@pytest.mark.parametrize("value", HOSTILE)
def test_a_quoted_variable_is_one_value(tmp_path: Path, value: str) -> None:
    """With the macros that quote, whatever a variable holds arrives as it is, and nothing in it is rendered."""
    text = "select {{ dbt.string_literal(dbt.escape_single_quotes(var('x'))) }} as {{ adapter.quote(var('x')) }}"
    sql = compiled(tmp_path, {"models/m.sql": text}, x=value).models["m"].compiled_sql
    assert sql == f"select {literal(value)} as {identifier(value)}"


@pytest.mark.parametrize("value", HOSTILE)
def test_an_unquoted_variable_starts_no_other_statement(
    project: ProjectFactory, value: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A model that forgets to quote is still one SELECT that reads declared files only."""
    root = project({"models/m.sql": "select '{{ var('x') }}' as a, 1 as b", "data/t.csv": "a\n1\n"})
    monkeypatch.chdir(root)
    ran = pusher("build", "--json", "--project-dir", str(root), "--vars", json.dumps({"x": value}))
    assert (ran.code in {0, 2}, "root:" in ran.out) == (True, False)
    assert not list(root.rglob("out.csv"))


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ("x", "--vars"),
        ("[1]", "--vars"),
        ("{x: !!python/object/apply:os.system ['id']}", "--vars"),
        ("{a: &a [*a]}", "--vars"),
    ],
)
def test_variables_are_plain_values(project: ProjectFactory, given: str, message: str) -> None:
    """What is no mapping of plain values is refused before anything is rendered."""
    ran = pusher("ls", "--project-dir", str(project({"models/m.sql": "select 1"})), "--vars", given)
    assert (ran.code, message in ran.err) == (2, True)
