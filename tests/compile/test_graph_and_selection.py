"""Order of models, circles, and dbt's selectors."""

from __future__ import annotations

from pathlib import Path

import pytest

from pusher.compile import Manifest
from pusher.errors import ConfigError
from tests.compile.support import compiled, problems, refused

FILES = {
    "models/staging/shop/stg_orders.sql": "select * from {{ source('raw', 'orders') }}",
    "models/staging/shop/stg_customers.sql": "select * from {{ source('raw', 'customers') }}",
    "models/staging/web/stg_visits.sql": "select * from {{ source('web', 'visits') }}",
    "models/marts/int_orders.sql": (
        "{{ config(materialized='table', tags=['nightly'], meta={'owner': 'ann'}) }}"
        "select * from {{ ref('stg_orders') }}, {{ ref('stg_customers') }}"
    ),
    "models/marts/events.sql": "{{ config(tags='nightly') }}select * from {{ ref('int_orders') }}",
    "models/marts/web_events.sql": "select * from {{ ref('int_orders') }}, {{ ref('stg_visits') }}",
    "models/sources.yml": """sources:
  - {name: raw, tables: [{name: orders}, {name: customers}]}
  - {name: web, tables: [{name: visits}]}
""",
}
STAGING = ["stg_customers", "stg_orders", "stg_visits"]
ALL = [*STAGING, "int_orders", "events", "web_events"]


@pytest.fixture(name="manifest")
def _manifest(tmp_path: Path) -> Manifest:
    return compiled(tmp_path, FILES)


def test_models_stand_after_what_they_read(manifest: Manifest) -> None:
    """The order is that of the graph, by name where the graph leaves it open."""
    assert list(manifest.models) == ALL
    assert manifest.models["web_events"].depends_on == ("int_orders", "stg_visits")
    assert manifest.models["stg_orders"].sources == (("raw", "orders"),)


@pytest.mark.parametrize(
    ("select", "exclude", "expected"),
    [
        ([], [], ALL),
        (["events"], [], ["events"]),
        (["events.sql"], [], ["events"]),
        (["+events"], [], ["stg_customers", "stg_orders", "int_orders", "events"]),
        (["1+events"], [], ["int_orders", "events"]),
        (["stg_orders+"], [], ["stg_orders", "int_orders", "events", "web_events"]),
        (["stg_orders+1"], [], ["stg_orders", "int_orders"]),
        (["+int_orders+"], [], ["stg_customers", "stg_orders", "int_orders", "events", "web_events"]),
        (["@stg_visits"], [], ["stg_customers", "stg_orders", "stg_visits", "int_orders", "web_events"]),
        (["stg_*"], [], STAGING),
        (["*events"], [], ["events", "web_events"]),
        (["staging"], [], STAGING),
        (["staging.shop"], [], ["stg_customers", "stg_orders"]),
        (["shop.marts.events"], [], ["events"]),
        (["tag:nightly"], [], ["int_orders", "events"]),
        (["+tag:nightly"], [], ["stg_customers", "stg_orders", "int_orders", "events"]),
        (["path:models/staging"], [], STAGING),
        (["path:models/staging/web/stg_visits.sql"], [], ["stg_visits"]),
        (["models/marts"], [], ["int_orders", "events", "web_events"]),
        (["source:raw"], [], ["stg_customers", "stg_orders"]),
        (["source:raw.orders+"], [], ["stg_orders", "int_orders", "events", "web_events"]),
        (["config.materialized:table"], [], ["int_orders"]),
        (["config.meta.owner:ann"], [], ["int_orders"]),
        (["config.tags:nightly"], [], ["int_orders", "events"]),
        (["config.on_schema_change:ignore"], [], ALL),
        (["config.contract.enforced:false"], [], ALL),
        (["package:shop"], [], ALL),
        (["fqn:events"], [], ["events"]),
        (["events", "stg_visits"], [], ["stg_visits", "events"]),
        (["events stg_visits"], [], ["stg_visits", "events"]),
        (["tag:nightly,config.materialized:view"], [], ["events"]),
        (["staging,+events"], [], ["stg_customers", "stg_orders"]),
        ([], ["staging"], ["int_orders", "events", "web_events"]),
        (["+events"], ["+int_orders"], ["events"]),
    ],
)
def test_selectors_choose_as_in_dbt(
    manifest: Manifest, select: list[str], exclude: list[str], expected: list[str]
) -> None:
    """Names, graph operators, globs, methods, unions, intersections and exclusions."""
    assert [model.name for model in manifest.select(select, exclude)] == expected


@pytest.mark.parametrize(
    ("select", "exclude", "expected"),
    [
        (["evnts"], [], ("empty-selection", "", "`evnts` selects no model.", "Did you mean `events`?")),
        (["+evnts+"], [], ("empty-selection", "", "`+evnts+` selects no model.", "Did you mean `events`?")),
        (
            ["events"],
            ["events"],
            (
                "empty-selection",
                "",
                "`events` without events selects no model.",
                "Exclude less: nothing is left of what was selected.",
            ),
        ),
        (["tags:x"], [], ("bad-selector", "", "Unknown selector method in `tags:x`.", "Did you mean `tag:`?")),
        (
            ["result:error"],
            [],
            (
                "bad-selector",
                "",
                "Unknown selector method in `result:error`.",
                (
                    "Known: exposure, file, fqn, package, path, resource_type, selector, source, state, tag, "
                    "test_name, test_type, unit_test, config.KEY."
                ),
            ),
        ),
        (
            ["++"],
            [],
            ("bad-selector", "", "`++` is not a selector.", "Write name, +name, name+, tag:x or path:models/x."),
        ),
    ],
)
def test_a_selection_that_chooses_nothing_is_an_error(
    manifest: Manifest, select: list[str], exclude: list[str], expected: tuple[str, str, str, str]
) -> None:
    """An exit 0, as dbt gives it, hides a typo in a schedule."""
    with pytest.raises(ConfigError) as caught:
        manifest.select(select, exclude)
    assert problems(caught.value) == [expected]


def test_a_project_without_models_says_so(tmp_path: Path) -> None:
    """Whatever is selected of it."""
    for select in ([], ["events"]):
        with pytest.raises(ConfigError) as caught:
            compiled(tmp_path, {}).select(select)
        fix = "Write a SELECT into a file that ends with .sql below model-paths."
        assert problems(caught.value) == [("empty-selection", "", "The project has no model.", fix)]


def test_a_circle_is_shown_with_the_reference_that_closes_it(tmp_path: Path) -> None:
    """All models of the circle are named, and one reference in it has its place."""
    files = {
        "models/a.sql": "select 1\nfrom {{ ref('b') }}",
        "models/b.sql": "from {{ ref('c') }}",
        "models/c.sql": "from {{ ref('a') }}",
        "models/d.sql": "from {{ ref('a') }}",
    }
    assert refused(tmp_path, files) == [
        (
            "cycle",
            "models/c.sql:1:9",
            "Models refer to each other in a circle: a -> b -> c -> a.",
            "Remove one of the references.",
        )
    ]


def test_a_model_that_reads_itself_is_a_circle(tmp_path: Path) -> None:
    """The shortest circle there is."""
    assert refused(tmp_path, {"models/a.sql": "from {{ ref('a') }}"}) == [
        (
            "cycle",
            "models/a.sql:1:9",
            "Models refer to each other in a circle: a -> a.",
            "Remove one of the references.",
        )
    ]


def test_two_models_of_one_name_are_an_error(tmp_path: Path) -> None:
    """A name stands for one model, whatever folder it is in."""
    files = {"models/x/a.sql": "select 1", "models/y/a.sql": "select 2"}
    assert refused(tmp_path, files) == [
        (
            "duplicate-model",
            "models/y/a.sql:1:1",
            "Model `a` is defined twice, first in models/x/a.sql.",
            "Rename one of the files.",
        )
    ]


def test_a_disabled_model_is_not_there(tmp_path: Path) -> None:
    """It is neither built nor checked, and a reference to it says why it fails."""
    files = {
        "models/a.sql": "{{ config(enabled=false) }}select {{ undefined_here }}",
        "models/b.sql": "select 1",
    }
    assert list(compiled(tmp_path, files).models) == ["b"]
    files["models/c.sql"] = "from {{ ref('a') }}"
    assert refused(tmp_path, files) == [
        ("disabled-ref", "models/c.sql:1:9", "Model `a` is disabled.", "Enable it, or do not refer to it.")
    ]
