-- An offline event has no click.
-- file: models/tiktok/tiktok_offline_events.sql
-- replace:
        orders.shop_id,
        orders.entry as description,
-- with:
        orders.shop_id,
        cast(null as varchar) as ttclid,
        orders.entry as description,
-- expect: models/tiktok/tiktok_offline_events.sql:48:34: warning PU206 contract.not-for-source: `ttclid` is not sent for offline events.
-- fix: Remove it; only web events know it.
