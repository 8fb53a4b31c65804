-- A column of the contract is misspelt.
-- file: models/tiktok/tiktok_offline_events.sql
-- replace:
        orders.currency,
-- with:
        orders.currency as curency,
-- expect: models/tiktok/tiktok_offline_events.sql:42:9: error PU202 contract.unknown-column: `curency` is not a column of offline_events; it is not sent.
-- fix: Did you mean `currency`?
-- expect: models/tiktok/tiktok_offline_events.sql:56:1: warning PU201 contract.missing-column: Column `currency` is missing.
-- fix: Add `... as currency`: ISO 4217 code in upper case; needed with value.
