-- An offline order without its value.
-- file: models/tiktok/tiktok_offline_events.sql
-- replace:
        orders.order_value as value,
-- with:
-- expect: models/tiktok/tiktok_offline_events.sql:55:1: warning PU201 contract.missing-column: Column `value` is missing.
-- fix: Add `... as value`: Value of the whole order, not of one unit.
