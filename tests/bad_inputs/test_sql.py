"""Bad SQL: a mistake has its place in the user's own file, also inside macros and loops."""
# ruff: noqa: E501 -- messages stand here as they are printed

from __future__ import annotations

from pathlib import Path

import pytest

from tests.bad_inputs.support import MACROS, MODEL, RAW, Case, printed, write

NEAR = ("  Did you mean `email`? models/_s.yml:5 declares of orders.csv: order_id, email,", "  amount, ordered_at.")
CASES = {
    "syntax": Case(
        {MODEL: f"select order_id,, email\n{RAW}\n"},
        ('error: models/x.sql:1:17: Syntax error at or near ",".', "  Fix the SQL at this place."),
    ),
    "unknown column": Case(
        {MODEL: f"select 1 as one,\n  emial\n{RAW}\n"},
        ('error: models/x.sql:2:3: Referenced column "emial" not found in FROM clause.', *NEAR),
    ),
    "unknown column, nothing near": Case(
        {MODEL: f"select nothing_like_it\n{RAW}\n"},
        (
            'error: models/x.sql:1:8: Referenced column "nothing_like_it" not found in FROM clause.',
            "  Name a column of a table in FROM. models/_s.yml:5 declares of orders.csv:",
            "  order_id, email, amount, ordered_at.",
        ),
    ),
    "unknown column of a file without declared columns": Case(
        {
            "models/_s.yml": "sources: [{name: raw, tables: [{name: orders, config: {meta: {external_location: orders.csv}}}]}]\n",
            MODEL: f"select order_id, emial\n{RAW}\n",
        },
        (
            'error: models/x.sql:1:18: Referenced column "emial" not found in FROM clause.',
            "  Did you mean `email`? orders.csv has the columns order_id, email, amount,",
            "  ordered_at.",
        ),
    ),
    "unknown column of a file without a header": Case(
        {
            "models/_s.yml": "sources: [{name: raw, tables: [{name: orders, config: {meta: {external_location: orders.csv}}}]}]\n",
            "models/stg.sql": "select 1 as one",
            "models/off.sql": "select 1 as one",
            MODEL: f"select order_id, emial\n{RAW}\n",
            "orders.csv": "a7,anna@shop.example,Anna\na8,bob@shop.example,Bob\n",
        },
        (
            'error: models/x.sql:1:8: Referenced column "order_id" not found in FROM clause.',
            "  Name a column of a table in FROM. No column that x or source raw.orders names",
            "  is found in orders.csv.",
        ),
    ),
    "unknown column of a table": Case(
        {MODEL: f"select o.emial\n{RAW} o\n"},
        ('error: models/x.sql:1:8: Table "o" does not have a column named "emial".', *NEAR),
    ),
    "unknown column of a CTE": Case(
        {
            MODEL: f'with "c d" as (select order_id, email as mail {RAW})\nselect 1 as a\nfrom "c d" where "c d".mial = 1\n'
        },
        (
            'error: models/x.sql:3:18: Table "c d" does not have a column named "mial".',
            "  Did you mean `mail`? models/_s.yml:5 declares of orders.csv: order_id, email,",
            "  amount, ordered_at.",
        ),
    ),
    "unknown column of a subquery of everything": Case(
        {MODEL: f"select q.emial from (select * {RAW}) as q\n"},
        ('error: models/x.sql:1:8: Table "q" does not have a column named "emial".', *NEAR),
    ),
    "unknown column of a CTE that is like no other": Case(
        {MODEL: f"with c as (select order_id {RAW}) select c.zzz from c\n"},
        (
            'error: models/x.sql:1:71: Table "c" does not have a column named "zzz".',
            "  Name a column of a table in FROM. models/_s.yml:5 declares of orders.csv:",
            "  order_id, email, amount, ordered_at.",
        ),
    ),
    "unknown column, windows line ends and tabs": Case(
        {MODEL: f"select 1 as one,\r\n\t\temial\r\n{RAW}\r\n"},
        ('error: models/x.sql:2:3: Referenced column "emial" not found in FROM clause.', *NEAR),
    ),
    "in a macro": Case(
        {
            MACROS: "{% macro cleaned(c) %}\n  lower(\n    trimm({{ c }}))\n{% endmacro %}\n",
            MODEL: f"select {{{{ cleaned('email') }}}} as e\n{RAW}\n",
        },
        (
            "error: macros/m.sql:3:5: Scalar Function with name trimm does not exist (in model x).",
            "  Did you mean `trim`?",
        ),
    ),
    "in a macro's loop": Case(
        {
            MACROS: "{% macro columns(names) %}\n{% for n in names %}\n  {{ n }},\n{% endfor %}\n{% endmacro %}\n",
            MODEL: f"select\n  {{{{ columns(['order_id', 'emial']) }}}} 1 as one\n{RAW}\n",
        },
        (
            'error: macros/m.sql:3:3: Referenced column "emial" not found in FROM clause (in model x).',
            *NEAR,
        ),
    ),
    "in a loop": Case(
        {MODEL: f"select\n{{% for c in ['order_id', 'emial'] %}}\n  {{{{ c }}}},\n{{% endfor %}}\n  1 as one\n{RAW}\n"},
        ('error: models/x.sql:3:3: Referenced column "emial" not found in FROM clause.', *NEAR),
    ),
    "in an ephemeral model": Case(
        {
            "models/e.sql": f"{{{{ config(materialized='ephemeral') }}}}\nselect 1 as a,\n  emial\n{RAW}\n",
            MODEL: "select * from {{ ref('e') }}\n",
        },
        (
            'error: models/e.sql:3:3: Referenced column "emial" not found in FROM clause (in model x).',
            "  Did you mean `email`?",
        ),
        "build",
    ),
    "a macro without its braces": Case(
        {MACROS: "{% macro cleaned(c) %}lower({{ c }}){% endmacro %}\n", MODEL: f"select cleaned(email) as e\n{RAW}\n"},
        (
            "error: models/x.sql:1:8: Scalar Function with name cleaned does not exist.",
            "  Write {{ cleaned(...) }}: it is a macro.",
        ),
    ),
    "a model without ref()": Case(
        {MODEL: "select * from stg\n"},
        ("error: models/x.sql:1:15: Table with name stg does not exist.", "  Write {{ ref('stg') }}."),
    ),
    "unknown table": Case(
        {MODEL: "select * from raw.orderz\n"},
        (
            'error: models/x.sql:1:15: Table with name "raw.orderz" does not exist because schema "raw" does not exist.',
            "  Correct the name; models are read by ref(), tables by source(), macros stand",
            "  in macros/.",
        ),
    ),
    "a Python variable": Case(
        {MODEL: "select * from shop\n"},
        (
            "error: models/x.sql:1:15: Table with name shop does not exist.",
            "  Correct the name; models are read by ref(), tables by source(), macros stand",
            "  in macros/.",
        ),
    ),
    "missing ref": Case(
        {MODEL: "select *\nfrom {{ ref('stgg') }}\n"},
        ("error: models/x.sql:2:9: Model `stgg` does not exist.", "  Did you mean `stg`?"),
    ),
    "missing source": Case(
        {MODEL: "select *\nfrom {{ source('raw', 'order') }}\n"},
        ("error: models/x.sql:2:9: Source `raw.order` does not exist.", "  Did you mean `raw.orders`?"),
    ),
    "undefined name": Case(
        {MODEL: "select {{ custmer }} as x\n"},
        (
            "error: models/x.sql:1:11: `custmer` is not defined.",
            "  Define it with {% set %}, as a macro in macros/, or as a var.",
        ),
    ),
    "circle": Case(
        {"models/stg.sql": "select *\nfrom {{ ref('off') }}\n"},
        (
            "error: models/stg.sql:2:9: Models refer to each other in a circle: off -> stg -> off.",
            "  Remove one of the references.",
        ),
    ),
    "not grouped": Case(
        {MODEL: f"select order_id, sum(amount) as amount\n{RAW}\n"},
        (
            'error: models/x.sql:1:8: Column "order_id" must appear in the GROUP BY clause or must be part of an aggregate function.',
            "  Add the column to GROUP BY, or aggregate it, with any_value() for example.",
        ),
    ),
    "ambiguous": Case(
        {MODEL: f"select order_id\n{RAW} a\njoin {{{{ source('raw', 'orders') }}}} b on true\n"},
        (
            "error: models/x.sql:1:8: Ambiguous reference to column name \"order_id\" (use: 'a.order_id' or 'b.order_id').",
            "  Put the name or alias of its table before the column.",
        ),
    ),
    "types that do not fit": Case(
        {MODEL: f"select order_id + ordered_at as x\n{RAW}\n"},
        (
            "error: models/x.sql:1:17: No function matches the given name and argument types '+(VARCHAR, TIMESTAMP)'.",
            "  Check number and types of the arguments; cast the one that does not fit.",
        ),
    ),
    "two sides of a union": Case(
        {MODEL: "select 1 as a union all select 1, 2\n"},
        (
            "error: models/x.sql: Set operations can only apply to expressions with the same number of result columns.",
            "  Give both sides of the set operation the same columns in the same order.",
        ),
    ),
    "aggregate in where": Case(
        {MODEL: f"select order_id\n{RAW}\nwhere sum(amount) > 1\n"},
        (
            "error: models/x.sql:3:7: WHERE clause cannot contain aggregates.",
            "  Compute the inner result in a CTE of its own first.",
        ),
    ),
    "nothing": Case(
        {MODEL: "-- later\n"},
        ("error: models/x.sql: A model is exactly one SELECT; this text has no statement.", "  Write a SELECT."),
    ),
    "two statements": Case(
        {MODEL: "select 1 as a;\nselect 2 as a\n"},
        (
            "error: models/x.sql:2:1: A model is exactly one SELECT; this text has 2 statements.",
            "  Keep one SELECT; every other one is a model of its own.",
        ),
    ),
    "ddl": Case(
        {MODEL: "create table t as select 1 as a\n"},
        (
            "error: models/x.sql:1:1: A model is exactly one SELECT; this is CREATE.",
            "  Write the SELECT alone: its view or table is created by the build.",
        ),
    ),
    "copy": Case(
        {MODEL: "copy (select 1) to 'x.csv'\n"},
        (
            "error: models/x.sql:1:1: A model is exactly one SELECT; this is COPY.",
            "  Write the SELECT alone: its view or table is created by the build.",
        ),
    ),
    "attach": Case(
        {MODEL: "attach 'x.duckdb'\n"},
        (
            "error: models/x.sql:1:1: A model is exactly one SELECT; this is ATTACH.",
            "  Write the SELECT alone: its view or table is created by the build.",
        ),
    ),
    "install": Case(
        {MODEL: "install httpfs\n"},
        (
            "error: models/x.sql:1:1: A model is exactly one SELECT; this is LOAD.",
            "  Write the SELECT alone: its view or table is created by the build.",
        ),
    ),
    "pragma": Case(
        {MODEL: "pragma version\n"},
        (
            "error: models/x.sql:1:1: A model is exactly one SELECT; this is PRAGMA.",
            "  Write the SELECT alone: its view or table is created by the build.",
        ),
    ),
    "set": Case(
        {MODEL: "set threads = 1\n"},
        (
            "error: models/x.sql:1:1: A model is exactly one SELECT; this is SET.",
            "  Write the SELECT alone: its view or table is created by the build.",
        ),
    ),
    "writing in with": Case(
        {MODEL: "with x as (delete from t returning *) select * from x\n"},
        (
            "error: models/x.sql:1:1: A model only reads; its WITH holds a statement that writes.",
            "  Write a SELECT in its place.",
        ),
    ),
    "parameter": Case(
        {MODEL: "select $1 as a\n"},
        ("error: models/x.sql:1:1: A model has no parameters (`?`, `$1`, `$name`).", "  Use a var: {{ var('name') }}."),
    ),
    "pivot over unknown values": Case(
        {MODEL: f"pivot (select order_id, amount {RAW}) on order_id using sum(amount)\n"},
        (
            "error: models/x.sql:1:1: PIVOT without a list of values gives columns that depend on the data; list them: ON x IN (...).",
            "  List the values in the PIVOT, or write one column for each with a CASE.",
        ),
    ),
    "a file that is not declared": Case(
        {MODEL: "select * from read_csv('/etc/passwd')\n"},
        (
            'error: models/x.sql:1:15: File "/etc/passwd" is not declared; models read files through source() only.',
            "  Declare the file as a source with external_location.",
        ),
    ),
    "a column twice": Case(
        {MODEL: f"select\n  order_id,\n  email as ORDER_ID\n{RAW}\n"},
        ("error: models/x.sql:3:12: Column `ORDER_ID` is selected twice.", "  Rename or remove one of them."),
    ),
    "a column twice, built": Case(
        {MODEL: f"select\n  order_id,\n  email as ORDER_ID\n{RAW}\n"},
        ("error: models/x.sql:3:12: Column `ORDER_ID` is selected twice.", "  Rename or remove one of them."),
        "build --select x",
    ),
    "several at once": Case(
        {MODEL: "select emial\n", "models/y.sql": "select 1;\nselect 2\n"},
        (
            'error: models/x.sql:1:8: Referenced column "emial" was not found because the FROM clause is missing.',
            "  Name a column of a table in FROM.",
            "error: models/y.sql:2:1: A model is exactly one SELECT; this text has 2 statements.",
            "  Keep one SELECT; every other one is a model of its own.",
        ),
    ),
    "not UTF-8": Case(
        {MODEL: b"select 1 as a,\n  '\xe9' as b\n"},
        ("error: models/x.sql:2: The file is not UTF-8 (byte 18).", "  Save it as UTF-8."),
    ),
    "escape codes in a file's name": Case(
        {"models/x\x1b[31m.sql": f"select emial\n{RAW}\n"},
        (
            'error: models/x\\x1b[31m.sql:1:8: Referenced column "emial" not found in FROM clause.',
            *NEAR,
        ),
    ),
}


@pytest.mark.parametrize("case", CASES.values(), ids=CASES.keys())
def test_a_mistake_in_sql_is_told_with_its_place_and_what_to_do(tmp_path: Path, case: Case) -> None:
    """Every problem at once, each as what, where and what next."""
    assert printed(write(tmp_path / "shop", case.files), case.command) == (2, case.told)
