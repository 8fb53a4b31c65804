"""`pusher compile --inline`."""

from __future__ import annotations

import pytest

from tests.cli.conftest import Shop


def test_a_query_is_rendered_as_a_model_of_the_project(shop: Shop) -> None:
    """With refs, macros and variables; nothing is written."""
    query = "select * from {{ ref('stg_orders') }} where {{ dbt.length('note') }} > {{ var('least', 3) }}"

    told, machine = shop("compile", "--inline", query), shop("compile", "--inline", query, "--json")

    expected = 'select * from "shop"."main"."stg_orders" where length( note ) > 3'
    assert (told.code, told.out) == (0, expected + "\n")
    assert machine.json["models"] == [{"name": "inline query", "file": "--inline", "compiled_sql": expected}]
    assert not (shop.root / "target").exists()


@pytest.mark.parametrize(
    ("words", "message", "fix"),
    [
        (
            ("--inline", "select * from {{ ref('stg_order') }}"),
            "--inline:1:18: Model `stg_order` does not exist.",
            "Did you mean `stg_orders`?",
        ),
        (
            ("--inline", "select 1", "--select", "offline"),
            "--inline renders one query and selects no model.",
            "Leave out --select and --exclude.",
        ),
    ],
)
def test_a_wrong_query_is_told(shop: Shop, words: tuple[str, ...], message: str, fix: str) -> None:
    """With its place in the text, and exit code 2."""
    ran = shop("compile", *words)

    assert ran.code == 2
    assert message in ran.err
    assert fix in ran.err
