-- A second statement behind the model.
-- file: models/intermediate/int_customers__identified.sql
-- replace:
select * from final
-- with:
select * from final;

select 1
-- expect: models/intermediate/int_customers__identified.sql:76:1: error sql-parser: A model is exactly one SELECT; this text has 2 statements.
-- fix: Keep one SELECT; every other one is a model of its own.
