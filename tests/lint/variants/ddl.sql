-- The model creates its own table.
-- file: models/staging/retail/stg_retail__customers.sql
-- replace:
with source as (
-- with:
create or replace table stg_retail__customers as
with source as (
-- expect: models/staging/retail/stg_retail__customers.sql:1:1: error sql-parser: A model is exactly one SELECT; this is CREATE.
-- fix: Write the SELECT alone: its view or table is created by the build.
