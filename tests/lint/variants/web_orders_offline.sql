-- The filter that keeps web orders out of the offline view is gone.
-- file: models/tiktok/tiktok_offline_events.sql
-- replace:
        channel <> 'website'
        and {{ lookback('occurred_at') }}
-- with:
        {{ lookback('occurred_at') }}
-- expect: models/tiktok/tiktok_offline_events.sql:48:9: warning PU213 contract.website-offline: Web orders in an offline event set count twice when the pixel reports them too.
-- fix: Leave web orders out with a filter, or send them from a view of web events.
