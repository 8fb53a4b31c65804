"""Statements of hooks, and queries of templates, by which a pull request would get out of what lint has proven."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from pusher.compile import load
from pusher.config import load_project_file
from pusher.engines.duckdb import DuckDBEngine
from pusher.errors import CompileError, PusherError
from pusher.project.facade import LoadOptions, Project
from tests.compile.support import STARTED, profile, write
from tests.conftest import ProjectFactory

# Where nothing else is said, the message ends with what the statement begins with.
ESCAPES = {
    "delete from orders": "would change `orders`, which is a model of the project.",
    'DELETE FROM "shop"."main"."orders" where true': "would change `orders`, which is a model of the project.",
    "delete from shop . main . Orders": "would change `orders`, which is a model of the project.",
    "delete from audit --\n . orders": "holds a comment in the midst of its statement.",
    "delete from audit /* */ . orders": "holds a comment in the midst of its statement.",
    "/* */ delete from audit": "may not run this DELETE FROM.",
    "truncate orders": "would change `orders`, which is a model of the project.",
    "update orders set id = 2": "would change `orders`, which is a model of the project.",
    "update people set email = ''": "would change `people`, which is a seed of the project.",
    "insert into raw_orders select 1": "would change `raw_orders`, which is the source `raw.raw_orders`.",
    "insert into main.bad_orders select 1": ("would change `bad_orders`, which is a table of failures of a data test."),
    "insert into undeclared select 1": "would change `undeclared`, which is read by the model `orders`.",
    "drop table orders": "would change `orders`, which is a model of the project.",
    "drop view if exists orders": "would change `orders`, which is a model of the project.",
    "drop schema main cascade": "may not run this DROP SCHEMA.",
    "drop table audit cascade": "may not run this DROP TABLE.",
    "create or replace view orders as select 1": "would change `orders`, which is a model of the project.",
    "create temp table undeclared as select 1": "would change `undeclared`, which is read by the model `orders`.",
    "create table orders__pusher_new (a int)": "would change `orders__pusher_new`, a name that builds use themselves.",
    "alter table audit rename to orders": "may not run this ALTER TABLE.",
    "create macro sha256(x) as x": "may not run this CREATE MACRO.",
    "create or replace function lower(x) as x": "may not run this CREATE OR.",
    "create type email as varchar": "may not run this CREATE TYPE.",
    "create secret s (type s3)": "may not run this CREATE SECRET.",
    "with gone as (delete from orders returning id) insert into audit select * from gone": (
        "may not run this WITH GONE."
    ),
    "insert into audit with gone as (delete from orders returning id) select id from gone": (
        "holds a query that only reads; its WITH holds a statement that writes."
    ),
    "with gone as (delete from orders returning id) select id from gone": (
        "holds a query that only reads; its WITH holds a statement that writes."
    ),
    "create table audit as with gone as (delete from orders returning id) select id from gone": (
        "holds a query that only reads; its WITH holds a statement that writes."
    ),
    "delete from audit where id in (with x as (delete from orders returning id) select id from x)": (
        "may not use `with` there."
    ),
    "update audit set id = (select count(*) from query('select 1'))": "may not use `query` there.",
    "update audit set id = (select count(*) from \"query\"('select 1'))": "may not use `query` there.",
    "select * from query('select 1')": "holds a query that may not use query().",
    "select * from duckdb_settings()": "holds a query that may not use duckdb_settings().",
    "update audit set id = getenv('HOME')": "may not use `getenv` there.",
    "update audit set id = E'\\x41'": "holds a text that is not written in plain quotes.",
    "update audit set id = $$ ' $$": "holds a text that is not written in plain quotes.",
    "create table audit (id int references orders (id))": "may not use `references` there.",
    "merge into orders using audit on true when matched then delete": "may not run this MERGE INTO.",
    "copy orders to 'orders.csv'": "may not run this COPY ORDERS.",
    "copy audit from 'secret.csv'": "may not run this COPY AUDIT.",
    "export database 'here'": "may not run this EXPORT DATABASE.",
    "import database 'here'": "may not run this IMPORT DATABASE.",
    "attach 'other.duckdb' as other": "may not run this ATTACH OTHER.",
    "detach shop": "may not run this DETACH SHOP.",
    "use memory": "may not run this USE MEMORY.",
    "install httpfs": "may not run this INSTALL HTTPFS.",
    "load httpfs": "may not run this LOAD HTTPFS.",
    "set lock_configuration = false": "may not run this SET LOCK_CONFIGURATION.",
    "reset memory_limit": "may not run this RESET MEMORY_LIMIT.",
    "pragma enable_profiling": "may not run this PRAGMA ENABLE_PROFILING.",
    "call enable_logging()": "may not run this CALL ENABLE_LOGGING.",
    "commit": "may not run this COMMIT.",
    "prepare p as delete from orders": "may not run this PREPARE P.",
    "execute p": "may not run this EXECUTE P.",
    "explain analyze delete from orders": "may not run this EXPLAIN ANALYZE.",
    "select 1; delete from orders": "would change `orders`, which is a model of the project.",
    "delete frm orders": 'does not parse: Syntax error at or near "frm".',
}
ALLOWED = [
    "create schema if not exists audits",
    "create table if not exists audit (id integer default 0, what varchar default 'it''s', primary key (id))",
    "create or replace table audits.audit as select 1 as id",
    "create temporary table passing as select 1 as id",
    "create or replace view seen (id) as select id from orders",
    "create sequence if not exists numbers start 5",
    "create index if not exists by_id on audit (id)",
    "comment on table audit is 'who did what'",
    "comment on column orders.id is null",
    "insert into audit values (1, 'x')",
    "insert into audit (id) select 2",
    "insert into audit by name select 3 as id",
    "insert into audit (id) select max(id) + 1 from audit; update audit set what = upper(what) where id = 1",
    "-- in front\ndelete from audit as a using passing where a.id = passing.id",
    "drop index by_id",
    "drop table passing",
    "truncate audits.audit",
    "analyze audit",
    "vacuum",
    "select count(*) from orders",
    "from orders",
    "",
    "-- nothing but this",
]
QUERIES = {
    "select email from {{ ref('people') }}": "run_query() may not read `email`: it may hold what identifies a person",
    "select upper(email) as word from {{ ref('people') }}": "run_query() may not read `word`: it may hold",
    "select sha256(email) as d from {{ ref('people') }}": "run_query() may not read `d`: it may hold",
    "select md5(email) as d from {{ ref('people') }}": "run_query() may not read `d`: it may hold",
    "select p from {{ ref('people') }} as p": "run_query() may not read `p`: it may hold",
    "select list(email) as l from {{ ref('people') }}": "run_query() may not read `l`: it may hold",
    "select who from {{ ref('renamed') }}": "run_query() may not read `who`: it may hold",
    "select (select max(email) from {{ ref('people') }}) as m": "run_query() may not read `m`: it may hold",
    "from (pivot {{ ref('people') }} on id in (1) using any_value(email))": "run_query() may not read `1`: it may hold",
    "select columns('e.*') from {{ ref('people') }}": "run_query() may not read `email`: it may hold",
    "select * from unknown": "run_query() may not run this: Table with name unknown does not exist.",
    "select * from information_schema.tables": "run_query() may not read `table_catalog`",
    "select * from 'other.csv'": "run_query() may not run this: File",
    "select * from read_csv('profiles.yml')": "run_query() may not run this: File",
    "select * from read_text('profiles.yml')": "run_query() may not run this: File",
    "select * from glob('*')": "run_query() may not run this:",
    "select * from query('select 1')": "run_query() may not run this: A model may not use query().",
    "select getenv('HOME')": "run_query() may not run this: A model may not use getenv().",
    "select 1; select 2": "run_query() may not run this: A model is exactly one SELECT; this text has 2",
    "delete from {{ ref('people') }}": "run_query() may not run this: A model is exactly one SELECT; this is DELETE.",
    "create table t (a int)": "run_query() may not run this: A model is exactly one SELECT; this is CREATE.",
    "with x as (delete from {{ ref('people') }} returning id) from x": "run_query() may not run this: A model",
    "copy {{ ref('people') }} to 'x.csv'": "run_query() may not run this: A model is exactly one SELECT; this is COPY.",
    "attach 'x.duckdb'": "run_query() may not run this: A model is exactly one SELECT; this is ATTACH.",
    "pragma database_list": "run_query() may not run this: A model is exactly one SELECT; this is PRAGMA.",
    "set threads = 1": "run_query() may not run this: A model is exactly one SELECT; this is SET.",
    "select unnest(range(10001)) as n": "run_query() gives more than 10,000 rows.",
    "select repeat('x', 1000001) as t": "run_query() gives more than 1,000,000 characters.",
}
FILES = {
    "seeds/people.csv": "id,email\n1,a@shop.example\n",
    "models/s.yml": (
        "sources: [{name: raw, schema: main, tables: [{name: raw_orders, columns: [{name: id, data_type: int}]}]}]\n"
        "models: [{name: orders, columns: [{name: id, data_tests: [{not_null: {config: {store_failures: true, "
        "alias: bad_orders, schema: x}}}]}]}]\n"
    ),
}


def test_no_statement_of_a_hook_gets_out_of_what_is_proven(tmp_path: Path) -> None:
    """Writes to what the project has, in every spelling; other databases, files, settings, functions, transactions."""
    lines = [f"      - {json.dumps(sql)}\n" for sql in ESCAPES]
    config = f"models:\n  - name: other\n    config:\n     post_hook:\n{''.join(lines)}"
    files = {"models/orders.sql": "select id from undeclared", "models/other.sql": "select 1 as id"}
    write(tmp_path, {**FILES, **files, "models/other.yml": config})
    with pytest.raises(CompileError) as caught:
        load(
            load_project_file(tmp_path),
            profile(tmp_path),
            vars={},
            run_started_at=STARTED,
            open_engine=lambda paths: DuckDBEngine.in_memory(allowed_paths=paths),
        )
    assert caught.value.exit_code == 2
    found = {one.place: one.message.removeprefix("This post_hook ") for one in caught.value.problems}
    assert found == {f"models/other.yml:{line}:9": why for line, why in enumerate(ESCAPES.values(), 5)}


def test_statements_that_change_nothing_proven_run(project: ProjectFactory) -> None:
    """Tables, views, indexes, sequences and schemas of their own; comments, statistics, and what only reads."""
    model = "{{ config(materialized='table', post_hook=fromjson(var('hooks'))) }}\nselect 1 as id"
    root = project({**FILES, "models/orders.sql": model})
    options = LoadOptions(root, vars={"hooks": json.dumps(ALLOWED)})
    assert [(one.model, one.status) for one in Project.load(options).build().models] == [
        ("orders", "built"),
        ("people", "built"),
    ]


def test_no_query_of_a_template_reads_more_than_a_model_may_send(project: ProjectFactory) -> None:
    """Identifiers by every way, hashed ones too; files, functions, statements, and more rows than SQL can need."""
    asking = {
        f"models/asks_{number:02}.sql": f"{{% set sql %}}{sql}{{% endset %}}\n{{% do run_query(sql) %}}select 1 as id"
        for number, sql in enumerate(QUERIES)
    }
    renamed = "select id, email as who from {{ ref('people') }}"
    root = project({"seeds/people.csv": FILES["seeds/people.csv"], "models/renamed.sql": renamed, **asking})
    with pytest.raises(PusherError) as caught:
        Project.load(LoadOptions(root)).build()
    assert caught.value.exit_code == 2
    found = {one.place: one.message for one in caught.value.problems}
    told = {f"models/asks_{number:02}.sql:2:7": why for number, why in enumerate(QUERIES.values())}
    assert {place: found.get(place, "")[: len(why)] for place, why in told.items()} == told
    assert found.keys() == told.keys()
