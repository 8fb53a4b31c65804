-- Two columns have one name.
-- file: models/tiktok/tiktok_offline_events.sql
-- replace:
        orders.entry as description,
-- with:
        orders.entry as description,
        orders.channel as description,
-- expect: models/tiktok/tiktok_offline_events.sql:49:9: error PU202 contract.unknown-column: `description_1` is not a column of offline_events; it is not sent.
-- fix: Did you mean `description`?
