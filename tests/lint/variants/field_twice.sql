-- A field stands under its name and under an alias.
-- file: models/tiktok/tiktok_offline_events.sql
-- replace:
        customers.emails as email,
-- with:
        customers.emails as email,
        customers.emails,
-- expect: models/tiktok/tiktok_offline_events.sql:40:9: error PU205 contract.duplicate-column: `emails` gives `email` a second time.
-- fix: Keep `email` only.
