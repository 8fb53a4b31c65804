-- The time becomes a number of milliseconds, and a number counts as seconds.
-- file: models/tiktok/tiktok_offline_events.sql
-- replace:
        orders.occurred_at as event_time,
-- with:
        epoch_ms(orders.occurred_at) as event_time,
-- expect: models/tiktok/tiktok_offline_events.sql:38:9: error PU703 time.epoch-unit: `event_time` is wrong: epoch_ms() is in milliseconds, and a number counts as seconds.
-- fix: to_timestamp() takes seconds, epoch_ms() milliseconds, make_timestamp() microseconds; as a number, `event_time` is in seconds.
