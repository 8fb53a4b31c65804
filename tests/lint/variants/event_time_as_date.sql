-- The time has lost its hours, in a model before the view.
-- file: models/intermediate/int_orders__rolled_up.sql
-- replace:
        entry,
        min(occurred_at) as occurred_at,
-- with:
        entry,
        cast(min(occurred_at) as date) as occurred_at,
-- expect: models/tiktok/tiktok_offline_events.sql:38:9: error PU203 contract.wrong-type: `event_time` is DATE, but must be TIMESTAMP, TIMESTAMPTZ or ISO 8601 text.
-- fix: A date has no time of day: use the moment of the event as TIMESTAMP.
-- expect: models/tiktok/tiktok_web_events.sql:69:9: error PU203 contract.wrong-type: `event_time` is DATE, but must be TIMESTAMP, TIMESTAMPTZ or ISO 8601 text.
-- fix: A date has no time of day: use the moment of the event as TIMESTAMP.
