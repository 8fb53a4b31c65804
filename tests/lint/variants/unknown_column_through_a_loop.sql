-- A macro's loop is given a column that does not exist.
-- file: models/tiktok/tiktok_offline_events.sql
-- replace:
        {{ event_id('Purchase', 'orders.order_id', 'orders.entry') | indent(8) }} as event_id,
-- with:
        {{ event_id('Purchase', 'orders.order_id', 'orders.entri') | indent(8) }} as event_id,
-- expect: macros/tiktok/event_id.sql:8:20: error sql-binder: Table "orders" does not have a column named "entri" (in model tiktok_offline_events).
-- fix: Did you mean `entry`?
