-- The name of the event is misspelt, and case matters.
-- file: models/tiktok/tiktok_offline_events.sql
-- replace:
        'Purchase' as event,
-- with:
        'purchase' as event,
-- expect: models/tiktok/tiktok_offline_events.sql:36:9: error PU208 contract.enum-value: `event` can be 'purchase', which is not one of its values.
-- fix: Did you mean 'Purchase'?
