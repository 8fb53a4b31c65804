-- The value is text.
-- file: models/tiktok/tiktok_offline_events.sql
-- replace:
        orders.order_value as value,
-- with:
        cast(orders.order_value as varchar) as value,
-- expect: models/tiktok/tiktok_offline_events.sql:41:14: error PU203 contract.wrong-type: `value` is VARCHAR, but must be DECIMAL.
-- fix: Cast it in staging, guarded by a pattern: case when ... then cast(... as decimal(18, 2)) end.
