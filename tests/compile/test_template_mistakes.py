"""Every mistake in a template is told with its place and a way out."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.compile.support import refused

UNCLOSED = (
    "Unexpected end of template. Jinja was looking for the following tags: 'elif' or 'else' or 'endif'. "
    "The innermost block that needs to be closed is 'if'."
)
ERRORS = {
    "undefined name": (
        "select 1,\n  {{ custmer }} as x",
        ("undefined-name", "models/m.sql:2:6", "`custmer` is not defined.", "Did you mean `customer`?"),
    ),
    "undefined function": (
        "{% set a = 1 %}\nselect {{ refs('a') }}",
        ("undefined-name", "models/m.sql:2:11", "`refs` is not defined.", "Did you mean `ref`?"),
    ),
    "undefined in a macro": (
        "select {{ broken('a') }}",
        ("undefined-name", "macros/all.sql:5:12", "`colum` is not defined.", "Did you mean `column_list`?"),
    ),
    "undefined in a loop": (
        "select\n{% for n in [1, 2] %}\n  {{ n }},\n  {{ nn }}\n{% endfor %}",
        (
            "undefined-name",
            "models/m.sql:4:6",
            "`nn` is not defined.",
            "Define it with {% set %}, as a macro in macros/, or as a var.",
        ),
    ),
    "undefined attribute": (
        "select {{ target.schma }}",
        (
            "undefined-name",
            "models/m.sql:1:18",
            "`target` has no `schma`.",
            "Check the name.",
        ),
    ),
    "missing ref": (
        "select *\nfrom {{ ref('othr') }}",
        ("missing-ref", "models/m.sql:2:9", "Model `othr` does not exist.", "Did you mean `other`?"),
    ),
    "missing ref in a macro": (
        "select * from {{ joined() }}",
        ("missing-ref", "macros/all.sql:8:24", "Model `gone` does not exist.", "Known: m, other."),
    ),
    "ref to another package": (
        "from {{ ref('pkg', 'other') }}",
        (
            "missing-package",
            "models/m.sql:1:9",
            "Package `pkg` does not exist.",
            "Known: shop.",
        ),
    ),
    "missing source": (
        "from {{ source('raw', 'order') }}",
        ("missing-source", "models/m.sql:1:9", "Source `raw.order` does not exist.", "Did you mean `raw.orders`?"),
    ),
    "missing variable": (
        "\n\nselect {{ var('count') }}",
        ("missing-var", "models/m.sql:3:11", "Variable `count` does not exist.", "Did you mean `country`?"),
    ),
    "missing variable, nothing near": (
        "select {{ var('zzz') }}",
        (
            "missing-var",
            "models/m.sql:1:11",
            "Variable `zzz` does not exist.",
            "Give it under `vars:` in dbt_project.yml or with --vars.",
        ),
    ),
    "unset environment variable": (
        "select '{{ env_var('PUSHER_TEST_UNSET') }}'",
        (
            "no-env-var",
            "models/m.sql:1:12",
            "Environment variable PUSHER_TEST_UNSET is not set.",
            "Set it: export PUSHER_TEST_UNSET=..., or give a default: env_var('PUSHER_TEST_UNSET', '...').",
        ),
    ),
    "secret in a model": (
        "select '{{ env_var('TIKTOK_ACCESS_TOKEN') }}'",
        (
            "secret-in-model",
            "models/m.sql:1:12",
            "A model may not read the secret TIKTOK_ACCESS_TOKEN: compiled SQL is stored and shown.",
            "Use secrets in profiles.yml only.",
        ),
    ),
    "unknown setting": (
        "{{ config(\n    materialized='table',\n    materialised='view',\n) }}\nselect 1",
        (
            "unknown-config",
            "models/m.sql:3:5",
            "Unknown configuration key `materialised`.",
            "Did you mean `materialized`?",
        ),
    ),
    "unsupported setting": (
        "{{ config(sql_header='x') }}select 1",
        (
            "unsupported-config",
            "models/m.sql:1:11",
            "`sql_header` is not supported.",
            "Remove it; models are view, table, incremental or ephemeral.",
        ),
    ),
    "external": (
        "{{ config(materialized='external') }}select 1",
        (
            "unsupported-config",
            "models/m.sql:1:11",
            "Materialization `external` is not supported.",
            "Use view, table, incremental or ephemeral.",
        ),
    ),
    "strategy of another warehouse": (
        "{{ config(materialized='incremental', incremental_strategy='insert_overwrite') }}select 1",
        (
            "unsupported-config",
            "models/m.sql:1:39",
            "Strategy `insert_overwrite` is not supported.",
            "Use append, delete+insert or merge.",
        ),
    ),
    "unknown schema change": (
        "{{ config(materialized='incremental', on_schema_change='append_columns') }}select 1",
        (
            "unknown-config",
            "models/m.sql:1:39",
            "Unknown value of on_schema_change `append_columns`.",
            "Did you mean `append_new_columns`?",
        ),
    ),
    "merge without a key": (
        "-- why\n{{ config(materialized='incremental', incremental_strategy='merge') }}select 1",
        (
            "missing-config",
            "models/m.sql:2:4",
            "Strategy `merge` needs `unique_key`: without one it would only add rows.",
            "Give unique_key, or write incremental_strategy='append'.",
        ),
    ),
    "a key that is no column": (
        "{{ config(unique_key=5) }}select 1",
        (
            "wrong-type",
            "models/m.sql:1:11",
            "`unique_key` must be a column or a list of columns.",
            "Write unique_key='order_id' or unique_key=['order_id', 'day'].",
        ),
    ),
    "unknown materialization": (
        "{{ config(materialized='tabel') }}select 1",
        ("unknown-config", "models/m.sql:1:11", "Unknown materialization `tabel`.", "Did you mean `table`?"),
    ),
    "raised": (
        "select 1\n{{ exceptions.raise_compiler_error('No such policy.') }}",
        ("raised-in-template", "models/m.sql:2:15", "No such policy.", "The model or macro raises this itself."),
    ),
    "raised by a macro": (
        "select 1,\n  {{ helped('x') }} as y",
        (
            "raised-in-template",
            "models/m.sql:2:3",
            "No such helper: x.",
            "The macro raises this itself, at macros/all.sql:10; correct what it is given.",
        ),
    ),
    "unclosed block": (
        "select 1\n{% if true %}",
        (
            "jinja-syntax",
            "models/m.sql:2:4",
            UNCLOSED,
            "Write {% endif %} where the block ends.",
        ),
    ),
    "unknown filter": (
        "select {{ 'a' | uper }}",
        ("jinja-syntax", "models/m.sql:1:17", "No filter named 'uper'.", "Did you mean `upper`?"),
    ),
    "unknown tag": (
        "{% sett x = 1 %}",
        ("jinja-syntax", "models/m.sql:1:4", "Encountered unknown tag 'sett'.", "Fix the Jinja at this place."),
    ),
    "snapshot": (
        "{% snapshot x %}select 1{% endsnapshot %}",
        (
            "unsupported-feature",
            "models/m.sql:1:4",
            "`{% snapshot %}` is not supported.",
            "Build the history outside pusher and declare it as a source.",
        ),
    ),
    "materialization of one's own": (
        "{% materialization x, default %}{% endmaterialization %}",
        (
            "unsupported-feature",
            "models/m.sql:1:4",
            "`{% materialization %}` is not supported.",
            "Remove it; models are view, table, incremental or ephemeral.",
        ),
    ),
    "query while compiling": (
        "{% set x = load_result('x') %}",
        (
            "unsupported-feature",
            "models/m.sql:1:12",
            "`load_result` is not supported.",
            "Write it in SQL, or use vars.",
        ),
    ),
    "call without a value": (
        "select {{ var() }}",
        ("wrong-call", "models/m.sql:1:11", "`var()` needs `name`.", "Correct what stands in its brackets."),
    ),
    "call with too many values": (
        "from {{ source('a', 'b', 'c') }}",
        (
            "wrong-call",
            "models/m.sql:1:9",
            "`source()` is given too many values.",
            "Correct what stands in its brackets.",
        ),
    ),
    "call with an unknown name": (
        "select {{ adapter.quote(nmae='a') }}",
        (
            "wrong-call",
            "models/m.sql:1:11",
            "`adapter.quote()` takes no `nmae`.",
            "Correct what stands in its brackets.",
        ),
    ),
    "ref of nothing": (
        "from {{ ref() }}",
        (
            "wrong-call",
            "models/m.sql:1:9",
            "`ref()` takes the name of a model, and before it maybe that of its package.",
            "Write ref('model').",
        ),
    ),
    "second ref of a line": (
        "from {{ ref('other') }}, {{ ref('othr') }}",
        ("missing-ref", "models/m.sql:1:29", "Model `othr` does not exist.", "Did you mean `other`?"),
    ),
    "config without a name": (
        "{{ config('table') }}select 1",
        (
            "wrong-call",
            "models/m.sql:1:4",
            "`config()` takes settings with their names.",
            "Write config(materialized='table').",
        ),
    ),
    "attribute of an unsupported word": (
        "select {{ flags.FULL_REFRESH }}",
        ("unsupported-feature", "models/m.sql:1:11", "`flags` is not supported.", "Write it in SQL, or use vars."),
    ),
    "unsupported word that is written": (
        "select '{{ invocation_id }}'",
        (
            "unsupported-feature",
            "models/m.sql:1:12",
            "`invocation_id` is not supported.",
            "Write it in SQL, or use vars.",
        ),
    ),
    "unsupported word in a loop": (
        "{% for node in graph %}{% endfor %}select 1",
        ("unsupported-feature", "models/m.sql:1:16", "`graph` is not supported.", "Write it in SQL, or use vars."),
    ),
    "unsupported word in a condition": (
        "{% if flags %}select 1{% endif %}",
        ("unsupported-feature", "models/m.sql:1:7", "`flags` is not supported.", "Write it in SQL, or use vars."),
    ),
    "other file": (
        "select 1\n{% include 'a.sql' %}",
        (
            "unsupported-feature",
            "models/m.sql:2:1",
            "Templates read no other files: include, import and extends are not supported.",
            "Write a macro in macros/; every template knows it.",
        ),
    ),
    "open expression": (
        "select {{ 1 as a",
        (
            "jinja-syntax",
            "models/m.sql:1:13",
            "expected token 'end of print statement', got 'as'.",
            "Fix the Jinja at this place.",
        ),
    ),
    "macro of every project without a value": (
        "select 1,\n  {{ dbt.datediff() }}",
        (
            "macro-arguments",
            "models/m.sql:2:1",
            "The call of this macro gives no `datepart`.",
            "Pass `datepart` where the macro is called.",
        ),
    ),
    "wrong type": (
        "select {{ 1 + 'a' }}",
        (
            "jinja",
            "models/m.sql:1:8",
            "Jinja failed: TypeError: unsupported operand type(s) for +: 'int' and 'str'.",
            "Fix the Jinja at this place.",
        ),
    ),
    "return in a model": (
        "{{ return(1) }}",
        ("jinja", "models/m.sql:1:4", "return() works inside macros only.", "Remove it."),
    ),
}
ERROR_MACROS = """{% macro column_list() %}a{% endmacro %}

{% macro broken(column) %}
  {# the mistake is below #}
  lower({{ colum }})
{% endmacro %}

{% macro joined() %}{{ ref('gone') }}{% endmacro %}
{% macro customer() %}{% endmacro %}
{% macro helped(name) %}{{ exceptions.raise_compiler_error('No such helper: ' ~ name ~ '.') }}{% endmacro %}
"""


@pytest.mark.parametrize(("text", "expected"), ERRORS.values(), ids=ERRORS.keys())
def test_every_mistake_has_its_place_and_a_way_out(
    tmp_path: Path, text: str, expected: tuple[str, str, str, str]
) -> None:
    """File, line and column of the user's own source, in macros and loops too, and what to do."""
    files = {
        "dbt_project.yml": "name: shop\nprofile: shop\nvars: {country: us}\n",
        "models/m.sql": text,
        "models/other.sql": "select 1",
        "models/s.yml": "sources:\n  - name: raw\n    tables: [{name: orders}]\n",
        "macros/all.sql": ERROR_MACROS,
    }
    assert refused(tmp_path, files) == [expected]


def test_all_problems_of_a_project_come_at_once(tmp_path: Path) -> None:
    """Several mistakes in one model and in several files are one answer."""
    files = {
        "models/a.sql": "select {{ var('x') }} from {{ ref('nope') }}\njoin {{ source('s', 't') }}",
        "models/b.sql": "{{ config(enabledd=true) }}select {{ nothing_like_it }}",
        "models/c.yml": "models: [{name: zz}]\nsorces: []\n",
    }
    found = [(code, place) for code, place, *_ in refused(tmp_path, files)]
    assert found == [
        ("unknown-key", "models/c.yml:2:1"),
        ("missing-model", "models/c.yml:1:1"),
        ("missing-var", "models/a.sql:1:11"),
        ("missing-ref", "models/a.sql:1:31"),
        ("missing-source", "models/a.sql:2:9"),
        ("unknown-config", "models/b.sql:1:11"),
        ("undefined-name", "models/b.sql:1:38"),
    ]
