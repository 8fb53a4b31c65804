"""`pusher compile --inline` and `pusher show --inline`."""

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
            ("--inline", "select * from {{ ref('zzzz') }}"),
            "--inline:1:18: Model `zzzz` does not exist.",
            "Known: offline, stg_orders.",
        ),
        (
            ("--inline", "select * from {{ ref('inline query') }}"),
            "--inline:1:18: Model `inline query` does not exist.",
            "Known: offline, stg_orders.",
        ),
        (
            ("--inline", "select 1", "--select", "offline"),
            "--inline renders one query and selects no model.",
            "Leave out --select, --selector and --exclude.",
        ),
    ],
)
def test_a_wrong_query_is_told(shop: Shop, words: tuple[str, ...], message: str, fix: str) -> None:
    """With its place in the text, and exit code 2."""
    ran = shop("compile", *words)

    assert ran.code == 2
    assert message in ran.err
    assert fix in ran.err


# rows ---------------------------------------------------------------------------------------------------------------


def shown(shop: Shop, query: str) -> list[dict[str, object]]:
    """Return the rows of a query."""
    rows = shop("show", "--inline", query, "--json").json["rows"]
    assert isinstance(rows, list)
    return rows


def test_rows_of_a_query_are_shown(shop: Shop) -> None:
    """On what was built, as many as asked for."""
    shop("build")
    query = "select order_id, amount * 2 as twice from {{ ref('stg_orders') }} order by order_id"

    assert shown(shop, query)[:2] == [{"order_id": "1", "twice": 21.0}, {"order_id": "2", "twice": 40.5}]
    assert len(shop("show", "--inline", query, "--limit", "1", "--json").json["rows"]) == 1


@pytest.mark.parametrize(
    "expression",
    [
        "email",
        "upper(phone)",
        "reverse(contact)",
        "md5(email)",
        "sha256(email)",
        "{'inside': [email]}",
        "to_json(stg)",
        "list_transform([email], lambda x: x || '!')",
        "(select max(email) from {{ ref('stg_orders') }})",
        "substr(email, 1, 3)",
        "to_base64(email::blob)",
        "translate(phone, '0123456789', 'abcdefghij')",
        "hash(email)",
        "histogram(email) over ()",
        "struct_pack(a := replace(email, '@', '_')).a",
    ],
)
def test_what_comes_from_a_person_is_masked_under_any_name(shop: Shop, expression: str) -> None:
    """Renamed, changed, hashed or packed; the other columns are not."""
    shop("build")

    query = f"select {expression} as harmless, amount from {{{{ ref('stg_orders') }}}} as stg where order_id = '1'"
    (row,) = shown(shop, query)

    assert str(row["harmless"]).strip("[]'").endswith("****")
    assert row["amount"] == 10.5


def test_a_column_that_cannot_be_followed_is_masked(shop: Shop) -> None:
    """A pivot, whose columns only the engine knows."""
    shop("build")

    query = (
        "select * from (pivot {{ ref('stg_orders') }} on order_id in ('1') using max(email) group by amount) "
        "where amount = 10.5"
    )

    assert [list(row.values()) for row in shown(shop, query)] == [["****", "****"]]


@pytest.mark.parametrize(
    "query",
    [
        "select * from (summarize {{ ref('stg_orders') }})",
        "select q.h from query($$select replace(email, '@', '_') as h from stg_orders$$) q, {{ ref('stg_orders') }} s",
        "select replace(email, '@', '_') as h from \"shop\".\"main\".\"stg_orders\", {{ ref('offline') }}",
        "select * from read_csv('orders.csv', names = ['a', 'b', 'c', 'd', 'e', 'f'])",
        "unpivot {{ ref('stg_orders') }} on contact, note",
        "select cast(replace(email, '@', '_') as integer) from {{ ref('stg_orders') }}",
        "select error(email) from {{ ref('stg_orders') }}",
    ],
)
def test_no_way_around_the_refs_shows_an_identifier(shop: Shop, query: str) -> None:
    """Not in rows, and not in what the engine says about values."""
    shop("build")

    ran = shop("show", "--inline", query, "--limit", "10")

    told = (ran.out + ran.err).lower()
    assert not [one for one in ("canary", "213373", "@") if one in told.replace("'@'", "").replace('"@"', "")]


@pytest.mark.parametrize(
    ("words", "code", "message"),
    [
        (("--inline", "select nope from {{ ref('stg_orders') }}"), 2, '--inline:1:8: Referenced column "nope"'),
        (("--inline", "select 1; select 2"), 2, "this text has 2 statements"),
        (("--inline", "drop table x"), 2, "A model is exactly one SELECT"),
        (("--inline", "select * from {{ ref('stg_orders') }}"), 2, "  Run `pusher build --select +stg_orders` first."),
        (("--inline", "select * from stg_orders"), 2, "  Write {{ ref('stg_orders') }}."),
        (("offline", "--inline", "select 1"), 2, "show takes a model or a query."),
        (("--payload", "--inline", "select 1"), 2, "show takes a model or a query."),
        ((), 2, "show takes a model or a query."),
    ],
)
def test_a_query_that_cannot_be_shown_is_told(shop: Shop, words: tuple[str, ...], code: int, message: str) -> None:
    """Before the build there is nothing to read."""
    ran = shop("show", *words)

    assert ran.code == code
    assert message in ran.err
