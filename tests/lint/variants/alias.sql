-- A column has the name that older queries use.
-- file: models/tiktok/tiktok_offline_events.sql
-- replace:
        orders.occurred_at as event_time,
-- with:
        orders.occurred_at as timestamp,
-- expect: models/tiktok/tiktok_offline_events.sql:38:9: note PU204 contract.alias: `timestamp` is accepted as an alias of `event_time`.
-- fix: Rename it: `as event_time`.
