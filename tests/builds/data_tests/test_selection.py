"""Which data tests a selector names."""

from __future__ import annotations

from pathlib import Path

import pytest

from pusher.errors import ConfigError
from tests.builds.data_tests.project import CHAIN, on_column, project


@pytest.mark.parametrize(
    ("select", "exclude", "expected"),
    [
        ([], [], ["not_null_orders_id", "unique_orders_word", "not_null_below_id", "mine"]),
        (["orders"], [], ["not_null_orders_id", "unique_orders_word", "mine"]),
        (["orders+"], ["below"], ["not_null_orders_id", "unique_orders_word"]),
        (["test_type:singular"], [], ["mine"]),
        (["test_type:generic"], ["test_name:not_null"], ["unique_orders_word"]),
        (["test_name:not_null,orders"], [], ["not_null_orders_id"]),
        (["not_null_below_id"], [], ["not_null_below_id"]),
        (["tag:words"], [], ["unique_orders_word"]),
        (["config.severity:warn"], [], ["unique_orders_word"]),
        (["config.severity:error"], [], ["not_null_orders_id", "not_null_below_id", "mine"]),
        (["config.enabled:true"], ["orders"], ["not_null_below_id"]),
        (["path:tests"], [], ["mine"]),
        (["resource_type:test"], ["resource_type:model"], []),
        (["source:raw"], [], ["not_null_orders_id", "unique_orders_word", "mine"]),
    ],
)
def test_tests_are_selected_by_name_and_by_what_they_read(
    tmp_path: Path, select: list[str], exclude: list[str], expected: list[str]
) -> None:
    """Dbt's methods; a model stands for the tests that read it."""
    yaml = (
        "    columns:\n      - {name: id, data_tests: [not_null]}\n      - name: word\n        data_tests:\n"
        "          - unique: {config: {tags: [words], severity: warn}}\n"
        "  - name: below\n    columns:\n      - {name: id, data_tests: [not_null]}\n"
    )
    manifest = project(
        tmp_path,
        yaml,
        tests__mine="select 1 from {{ ref('orders') }}, {{ ref('below') }}",
        models__below=CHAIN["models__below"],
    )

    assert [test.name for test in manifest.select_tests(select, exclude)] == expected


def test_a_selection_of_tests_alone_builds_no_model(tmp_path: Path) -> None:
    """And one of nothing is an error with the nearest name."""
    manifest = project(tmp_path, on_column("id", "          - unique\n"))

    models, tests, unit_tests = manifest.select_all(["test_name:unique"])

    assert (models, [test.name for test in tests], unit_tests) == ([], ["unique_orders_id"], [])
    with pytest.raises(ConfigError, match="`unique_orders_i` selects no model"):
        manifest.select_all(["unique_orders_i"])
