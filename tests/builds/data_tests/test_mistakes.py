"""Data tests that are written wrong, and settings of theirs that cannot be."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.builds.data_tests.project import ORDERS, SOURCES, on_column, project
from tests.compile.support import refused


@pytest.mark.parametrize(
    ("tests", "message", "fix"),
    [
        ("- not_nul", "Generic test `not_nul` does not exist.", "Did you mean `not_null`?"),
        (
            "- not_null: {config: {severty: warn}}",
            "Unknown setting `severty` of a data test.",
            "Did you mean `severity`?",
        ),
        ("- not_null: {severity: loud}", "`severity` must be error or warn.", "Write severity: warn."),
        ("- not_null: {config: {limit: 0}}", "`limit` must be a number of rows.", "Write limit: 100."),
        (
            "- not_null: {config: {store_failures: 'yes'}}",
            "`store_failures` must be true or false.",
            "Remove the quotes.",
        ),
        (
            "- not_null: {config: {store_failures_as: view}}",
            "`store_failures_as` of a data test is not supported.",
            "Remove it.",
        ),
        (
            "- not_null: {arguments: {colum: x}}",
            "Generic test `not_null` has no argument `colum`.",
            "Did you mean `column_name`?",
        ),
        (
            "- accepted_values: {arguments: {words: [a]}}",
            "Generic test `accepted_values` has no argument `words`.",
            "Arguments: values, quote.",
        ),
        (
            "- accepted_values: {valeus: [a]}",
            "Generic test `accepted_values` has no argument `valeus`.",
            "Did you mean `values`?",
        ),
        (
            "- not_null: {severty: warn}",
            "Generic test `not_null` has no argument `severty`.",
            "Did you mean `severity`?",
        ),
        (
            "- accepted_values",
            "Generic test `accepted_values` needs `values`.",
            "Give it as `values:` below `arguments:`.",
        ),
        ("- relationships: {to: ref('orderz'), field: id}", "Model `orderz` does not exist.", "Did you mean `orders`?"),
        (
            "- [not_null]",
            "A data test is one name, with or without settings.",
            "Write `- not_null`, or `- accepted_values:` with its settings indented below it.",
        ),
        (
            "- {not_null: {}, unique: {}}",
            "A data test is one name, with or without settings.",
            "Write `- not_null`, or `- accepted_values:` with its settings indented below it.",
        ),
        ("- not_null: 5", "`not_null` must be a mapping.", "Write one `name: value` a line below it."),
        ("- not_null: {name: 5}", "`name` must be text.", "Quote it."),
    ],
)
def test_a_wrong_test_is_told_at_its_line(tmp_path: Path, tests: str, message: str, fix: str) -> None:
    """Before anything runs, with the nearest name."""
    found = refused(
        tmp_path,
        {
            "models/orders.sql": ORDERS,
            "models/s.yml": f"{SOURCES}models:\n  - name: orders\n{on_column('id', f'          {tests}')}",
        },
    )

    assert [(message_, fix_) for _, _, message_, fix_ in found] == [(message, fix)]
    assert found[0][1].startswith("models/s.yml:12")


def test_what_is_wrong_with_a_test_is_placed_at_its_entry_or_at_the_argument(tmp_path: Path) -> None:
    """Line and column of the key, whether it stands in a line of its own or in brackets; an argument may be a list."""
    tests = """\
          - accepted_values
          - accepted_values:
              arguments:
                quote: true
                values: [1, "{{ nope }}"]
          - relationships: {arguments: {to: ref('orderz'), field: id}}
          - not_null:
              name: other
              colour: red
          - mine: {arguments: {least: 3}}
          - unique
          - unique
"""
    found = refused(
        tmp_path,
        {
            "models/orders.sql": ORDERS,
            "models/s.yml": f"{SOURCES}models:\n  - name: orders\n{on_column('id', tests)}",
            "macros/mine.sql": "{% test mine(model, column_name, least) %}\nselect {{ leest }}\n{% endtest %}",
        },
    )

    assert [(place, message) for _, place, message, _ in found] == [
        ("models/s.yml:12:13", "Generic test `accepted_values` needs `values`."),
        ("models/s.yml:16:17", "`nope` is not defined."),
        ("models/s.yml:17:41", "Model `orderz` does not exist."),
        ("models/s.yml:20:15", "Generic test `not_null` has no argument `colour`."),
        ("macros/mine.sql:2:11", "`leest` is not defined."),
        ("models/s.yml:23:13", "Data test `unique_orders_id` is there twice, first at models/s.yml:22."),
    ]


def test_both_names_of_the_list_of_tests_are_refused(tmp_path: Path) -> None:
    """One of the two lists would be passed over in silence."""
    yaml = f"{SOURCES}models:\n  - name: orders\n    columns: [{{name: id, tests: [unique], data_tests: [not_null]}}]\n"
    assert refused(tmp_path, {"models/orders.sql": ORDERS, "models/s.yml": yaml}) == [
        (
            "duplicate-key",
            "models/s.yml:9:26",
            "`tests` is the old name of `data_tests`: both are given.",
            "Move all of them below `data_tests`.",
        )
    ]


def test_two_tests_of_one_name_are_refused(tmp_path: Path) -> None:
    """One of them would hide the other."""
    found = refused(
        tmp_path,
        {
            "models/orders.sql": ORDERS,
            "models/s.yml": f"{SOURCES}models:\n  - name: orders\n"
            + on_column("id", "          - unique\n          - unique"),
            "tests/a/same.sql": "select 1",
            "tests/b/same.sql": "select 1",
        },
    )

    assert [(code, place, message) for code, place, message, _ in found] == [
        ("duplicate-test", "tests/b/same.sql:1:1", "Test `same` is defined twice, first in tests/a/same.sql."),
        (
            "duplicate-test",
            "models/s.yml:13:13",
            "Data test `unique_orders_id` is there twice, first at models/s.yml:12.",
        ),
    ]


def test_settings_of_the_project_are_checked(tmp_path: Path) -> None:
    """A setting that is none, with its place in dbt_project.yml."""
    text = "name: shop\nprofile: shop\ndata_tests:\n  +severty: warn\n  shop:\n    +limit: x\n"
    assert refused(tmp_path, {"dbt_project.yml": text, "models/a.sql": "select 1 as one"}) == [
        (
            "unknown-config",
            "dbt_project.yml:4:3",
            "Unknown setting `severty` of a data test.",
            "Did you mean `severity`?",
        ),
        ("wrong-type", "dbt_project.yml:6:5", "`limit` must be a number of rows.", "Write limit: 100."),
    ]


def test_a_test_that_reads_a_disabled_model_is_left_out(tmp_path: Path) -> None:
    """As in dbt, with a notice."""
    manifest = project(
        tmp_path,
        on_column(
            "parent", "          - relationships: {arguments: {to: ref('old'), field: id}}\n          - not_null\n"
        ),
        models__old="{{ config(enabled=false) }}select 1 as id",
    )

    assert list(manifest.tests) == ["not_null_orders_parent"]
    assert manifest.notices == (
        "Data test relationships_orders_parent__id__ref_old_ is left out: it reads a model that is disabled.",
    )


def test_arguments_outside_of_arguments_are_told_once(tmp_path: Path) -> None:
    """They work; newer versions of dbt refuse them."""
    manifest = project(
        tmp_path,
        on_column("word", "          - accepted_values: {values: [a]}\n          - accepted_values: {values: [b]}\n"),
    )
    assert manifest.notices == (
        "Newer versions of dbt take the arguments of data tests under `arguments:` only (models/s.yml:12, and 1 more).",
    )
