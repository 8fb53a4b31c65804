-- The view has no event time.
-- file: models/tiktok/tiktok_offline_events.sql
-- replace:
        orders.occurred_at as event_time,
-- with:
-- expect: models/tiktok/tiktok_offline_events.sql:55:1: error PU201 contract.missing-column: Required column `event_time` is missing.
-- fix: Add `... as event_time` to the final select: When it happened, as naive UTC TIMESTAMP, TIMESTAMPTZ, ISO 8601 text with zone, or Unix seconds.
