-- A column of another model is misspelt.
-- file: models/tiktok/tiktok_offline_events.sql
-- replace:
        orders.order_value as value,
-- with:
        orders.order_valeu as value,
-- expect: models/tiktok/tiktok_offline_events.sql:41:9: error sql-binder: Table "orders" does not have a column named "order_valeu".
-- fix: Did you mean `order_value`?
