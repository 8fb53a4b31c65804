"""A push says which SQL was changed and not built since: what stands in the warehouse is what it sends."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import duckdb
import pytest

from pusher.project.facade import LoadOptions, Project
from pusher.project.outcomes import PushChoice
from pusher.push.world import PushReport
from tests.push.support import VIEW, Shop, orders

SAYS = (
    " changed since the last build: this push sends what was built from the SQL before. `pusher build` brings the "
    "warehouse up to date."
)
PAID = "select * from {{ ref('stg_orders') }} where amount <> '{{ var('free', '0') }}'\n"
FILES = {
    "dbt_project.yml": "name: shop\nprofile: shop\nconfig-version: 2\n",
    "macros/money.sql": "{% macro money(column) %}cast({{ column }} as decimal(18, 2)){% endmacro %}\n",
    "models/stg_orders.sql": "{{ config(materialized='table') }}\n"
    "select * from {{ source('shop', 'orders') }} where ordered_at <> '{{ run_started_at }}' -- of all time\n",
    "models/int_paid.sql": "{{ config(materialized='ephemeral') }}\n" + PAID,
    "models/aside.sql": "select 1 as id\n",
}


@pytest.fixture
def layered(tmp_path: Path) -> Shop:
    """A shop whose view reads a macro, an ephemeral model and a table, with the moment of the run in it; built."""
    shop = Shop(tmp_path / "shop")
    (shop.root / "macros").mkdir()
    for name, text in FILES.items():
        (shop.root / name).write_text(text)
    edit(shop, f"models/{VIEW}.sql", "{{ source('shop', 'orders') }}", "{{ ref('int_paid') }}")
    edit(shop, f"models/{VIEW}.sql", "cast(amount as decimal(18, 2))", "{{ money('amount') }}")
    shop.sell(orders(2))
    shop.build_as_users_do()
    return shop


def edit(shop: Shop, name: str, old: str, new: str) -> None:
    """Replace a text that stands in a file once."""
    path = shop.root / name
    text = path.read_text()
    assert text.count(old) == 1
    path.write_text(text.replace(old, new))


def notices(shop: Shop, variables: Mapping[str, Any] | None = None) -> tuple[str, ...]:
    """Return what a dry run says at another moment than that of the build."""
    project = Project.load(LoadOptions(project_dir=shop.root, vars=dict(variables or {})))
    report: PushReport = project.push(choice=PushChoice(dry_run=True))
    return report.notices


@pytest.mark.parametrize(
    ("name", "old", "new", "told"),
    [
        (f"models/{VIEW}.sql", "'USD'", "'EUR'", f"{VIEW} was"),
        ("models/stg_orders.sql", "where", "where order_id <> '' and", "stg_orders was"),
        ("models/int_paid.sql", "where", "where order_id <> '' and", f"{VIEW} was"),
        ("macros/money.sql", "18, 2", "12, 2", f"{VIEW} was"),
        ("models/_shop.yml", "header = true", "header = true, sample_size = -1", "stg_orders was"),
    ],
)
def test_changed_sql_is_told_until_it_is_built(layered: Shop, name: str, old: str, new: str, told: str) -> None:
    """Of the view, of what stands behind it, of what stands in no relation of its own, and of macros and sources."""
    before = notices(layered)
    edit(layered, name, old, new)
    changed, pushed = notices(layered), layered.push()
    layered.build_as_users_do()

    assert (before, changed, notices(layered)) == ((), (told + SAYS,), ())
    assert pushed.notices == changed
    assert (pushed.exit_code, pushed.models[0].terms["accepted"]) == (0, 2)


def test_several_models_are_named(layered: Shop) -> None:
    """In the order in which they are built."""
    edit(layered, "models/stg_orders.sql", "where", "where order_id <> '' and")
    edit(layered, f"models/{VIEW}.sql", "'USD'", "'EUR'")

    assert notices(layered) == (f"stg_orders, {VIEW} were{SAYS}",)


def test_of_many_models_the_first_are_named(layered: Shop) -> None:
    """A macro may stand in all of them."""
    for number in range(7):
        _write(layered, f"models/m{number}.sql", "select {{ money('1') }} as one")
    conditions = " and ".join(f"exists (select 1 from {{{{ ref('m{number}') }}}})" for number in range(7))
    _write(layered, f"models/{VIEW}.sql", (layered.root / f"models/{VIEW}.sql").read_text() + f"where {conditions}\n")
    layered.build_as_users_do()
    edit(layered, "macros/money.sql", "18, 2", "12, 2")

    assert notices(layered) == (f"m0, m1, m2, m3, m4 and 3 more were{SAYS}",)


def test_what_is_built_again_of_some_models_leaves_the_others_told(layered: Shop) -> None:
    """A build of another model changes the warehouse, and not what is known of the rest."""
    edit(layered, f"models/{VIEW}.sql", "'USD'", "'EUR'")
    layered.project().build(["aside"])

    assert notices(layered) == (f"{VIEW} was{SAYS}",)


QUIET: list[tuple[str, Callable[[Shop], None]]] = [
    ("a remark", lambda shop: edit(shop, "models/stg_orders.sql", "-- of all time", "-- whatever its time\n\n")),
    ("a model that no view reads", lambda shop: edit(shop, "models/aside.sql", "1", "2")),
    ("a description", lambda shop: edit(shop, "models/_shop.yml", "sources:\n", "sources: # of a till\n")),
    ("a macro that nobody calls", lambda shop: _write(shop, "macros/more.sql", "{% macro more() %}1{% endmacro %}")),
]  # fmt: skip


def _write(shop: Shop, name: str, text: str) -> None:
    (shop.root / name).write_text(text)


@pytest.mark.parametrize("change", [one for _, one in QUIET], ids=[name for name, _ in QUIET])
def test_a_change_that_gives_the_same_sql_is_not_told(layered: Shop, change: Callable[[Shop], None]) -> None:
    """Nobody has to build because of it."""
    change(layered)

    assert notices(layered) == ()


def test_other_variables_are_no_change_of_a_file(layered: Shop) -> None:
    """Some are given to a build alone, such as its moment."""
    assert notices(layered, {"free": "0.00"}) == ()


def _foreign_table(shop: Shop) -> None:
    with duckdb.connect(str(shop.root / "shop.duckdb")) as connection:
        connection.execute("create table other as select 1 as id")


def _forgotten(shop: Shop) -> None:
    (path,) = (shop.root / "target").glob("last-build-*.json")
    path.unlink()


def _damaged(shop: Shop) -> None:
    (path,) = (shop.root / "target").glob("last-build-*.json")
    path.write_text(path.read_text().replace('"sql": "', '"sql": 1, "x": "'))


@pytest.mark.parametrize("harm", [_foreign_table, _forgotten, _damaged])
def test_what_nobody_can_tell_is_not_told(layered: Shop, harm: Callable[[Shop], None]) -> None:
    """Whoever wrote to the database since, such as dbt, may have built the view anew."""
    edit(layered, f"models/{VIEW}.sql", "'USD'", "'EUR'")
    harm(layered)

    assert notices(layered) == ()


def test_the_list_of_suppressed_people_is_looked_at_too(layered: Shop) -> None:
    """It is read as it stands in the warehouse, whichever view is pushed."""
    (layered.root / "pusher.yml").write_text("version: 1\nconsent: {suppressions: kept_out}\n")
    _write(layered, "models/kept_out.sql", "select digest as email from {{ ref('stg_orders') }} where amount = '1'")
    layered.build_as_users_do()
    before = notices(layered)
    edit(layered, "models/kept_out.sql", "'1'", "'2'")

    assert (f"kept_out was{SAYS}" in before, f"kept_out was{SAYS}" in notices(layered)) == (False, True)
