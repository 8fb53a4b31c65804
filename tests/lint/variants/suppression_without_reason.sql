-- A finding is silenced without saying why.
-- file: models/tiktok/tiktok_offline_events.sql
-- replace:
        orders.occurred_at as event_time,
-- with:
        cast(orders.occurred_at as date) as event_time, -- noqa: PU203
-- expect: models/tiktok/tiktok_offline_events.sql:38:14: error PU203 contract.wrong-type: `event_time` is DATE, but must be TIMESTAMP, TIMESTAMPTZ or ISO 8601 text.
-- fix: A date has no time of day: use the moment of the event as TIMESTAMP.
-- expect: models/tiktok/tiktok_offline_events.sql:38:57: warning PU001 lint.suppression: The suppression of PU203 gives no reason, so it has no effect.
-- fix: Write `-- noqa: PU203 because ...`.
