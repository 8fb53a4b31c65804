-- An id goes through a number and loses digits.
-- file: models/tiktok/tiktok_offline_events.sql
-- replace:
        orders.order_id,
        orders.shop_id,
-- with:
        cast(orders.order_id as double) as order_id,
        orders.shop_id,
-- expect: models/tiktok/tiktok_offline_events.sql:46:14: error PU203 contract.wrong-type: `order_id` is DOUBLE, but must be text or a whole number.
-- fix: A DOUBLE loses digits of a long id: keep it as text from the first model on.
