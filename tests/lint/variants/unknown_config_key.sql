-- A key of the configuration is misspelt.
-- file: models/intermediate/int_orders__rolled_up.sql
-- replace:
{{ config(materialized='table', meta={'pusher': {'shard_by': 'order_id'}}) }}
-- with:
{{ config(materialised='table', meta={'pusher': {'shard_by': 'order_id'}}) }}
-- expect: models/intermediate/int_orders__rolled_up.sql:1:11: error unknown-config: Unknown configuration key `materialised`.
-- fix: Did you mean `materialized`?
