"""What relations are called when a project's own macros decide."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.compile.support import compiled, refused

MODEL = {"models/deep/m.sql": "{{ config(schema=' mart ', tags=['x']) }} select 1 as id, '{{ this }}' as said"}
READER = {"models/r.sql": "select * from {{ ref('m') }}"}


def schema(text: str) -> dict[str, str]:
    """Return the file of a macro that gives schemas."""
    macro = f"{{% macro generate_schema_name(custom_schema_name, node) -%}}{text}{{%- endmacro %}}"
    return {"macros/names.sql": macro}


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("{{ custom_schema_name or target.schema }}", '"shop"."mart"."m"'),
        ("{{ return('fixed') }}", '"shop"."fixed"."m"'),
        ("{{ node.fqn | join('_') }}_{{ node.resource_type }}", '"shop"."shop_deep_m_model"."m"'),
        (
            "{{ node.path }} {{ node.tags | join }} {{ node.config.get('materialized', 'none') }}",
            '"shop"."deep/m.sql x none"."m"',
        ),
        ("{{ default__generate_schema_name(custom_schema_name, node) }}", '"shop"."main_mart"."m"'),
        ("{{ generate_schema_name_for_env(custom_schema_name, node) }}", '"shop"."main"."m"'),
        ("{{ dbt.default__generate_schema_name(none, node) }}", '"shop"."main"."m"'),
    ],
)
def test_a_macro_of_the_project_names_schemas(tmp_path: Path, text: str, expected: str) -> None:
    """The relation, `this` and every `ref()` agree."""
    manifest = compiled(tmp_path, {**MODEL, **READER, **schema(text)})
    assert str(manifest.models["m"].relation) == expected
    assert manifest.models["m"].compiled_sql == f" select 1 as id, '{expected}' as said"
    assert manifest.models["r"].compiled_sql == f"select * from {expected}"


def test_a_macro_of_the_project_names_relations(tmp_path: Path) -> None:
    """Of models, of seeds and of the tables of data tests."""
    macro = (
        "{% macro generate_alias_name(custom_alias_name=none, node=none) -%}"
        "{{ node.resource_type }}_{{ custom_alias_name or node.name }}{%- endmacro %}"
    )
    files = {
        **MODEL,
        "macros/names.sql": macro,
        "seeds/s.csv": "a\n",
        "models/t.yml": (
            "models: [{name: m, data_tests: [{unique: {column_name: id, config: {store_failures: true, alias: u}}}]}]"
        ),
    }
    manifest = compiled(tmp_path, files)
    names = [one.relation.identifier for one in manifest.models.values()]
    assert names == ["model_m", "seed_s"]
    (test,) = manifest.tests.values()
    assert str(test.stored) == '"shop"."main_dbt_test__audit"."test_u"'


def test_a_macro_that_fails_is_told_once_at_its_place(tmp_path: Path) -> None:
    """However many models there are."""
    fix = "Define it with {% set %}, as a macro in macros/, or as a var."
    assert refused(tmp_path, {**MODEL, **READER, **schema("\n{{ nod.name }}")}) == [
        ("undefined-name", "macros/names.sql:2:4", "`nod` is not defined.", fix)
    ]


def test_a_macro_for_databases_is_refused_by_name(tmp_path: Path) -> None:
    """It would be ignored without a word."""
    macro = "{% macro generate_database_name(custom_database_name, node) %}x{% endmacro %}"
    assert refused(tmp_path, {**MODEL, "macros/names.sql": macro}) == [
        (
            "unsupported-feature",
            "macros/names.sql:1:4",
            "`generate_database_name` is not supported: all relations stand in the database of the profile.",
            "Remove it.",
        )
    ]


def test_two_models_of_one_relation_are_refused(tmp_path: Path) -> None:
    """The later one would replace the earlier; names differ in more than their case."""
    files = {**MODEL, "models/other.sql": "{{ config(alias='M', schema='mart') }} select 2 as id"}
    assert refused(tmp_path, files) == [
        (
            "same-relation",
            "models/other.sql:1:1",
            '`other` and `m` would both be "shop"."main_mart"."M".',
            "Give one of them another alias or schema.",
        )
    ]


def test_ephemeral_models_have_no_relation_to_share(tmp_path: Path) -> None:
    """They are text inside others."""
    files = {
        **MODEL,
        "models/other.sql": "{{ config(alias='m', schema='mart', materialized='ephemeral') }} select 2 as id",
    }
    assert list(compiled(tmp_path, files).models) == ["m", "other"]


def test_a_macro_that_fails_for_the_table_of_a_data_test_is_told(tmp_path: Path) -> None:
    """Models have facts that tests lack."""
    files = {
        **MODEL,
        **schema("{{ node.path.split('/')[1] }}"),
        "models/t.yml": (
            "models: [{name: m, data_tests: [{unique: {column_name: id, config: {store_failures: true}}}]}]"
        ),
    }
    ((code, place, message, _),) = refused(tmp_path, files)
    assert (code, place, message) == ("undefined-name", "macros/names.sql:1:84", "List object has no element 1.")
