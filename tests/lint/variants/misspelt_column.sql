-- A column of the contract is misspelt.
-- file: models/tiktok/tiktok_offline_events.sql
-- replace:
        orders.currency,
-- with:
        orders.currency as curency,
-- expect: models/tiktok/tiktok_offline_events.sql:41:9: error PU604 money.no-currency: `value` has no currency: `currency` is missing.
-- fix: Add `currency` as an ISO 4217 code, such as 'EUR'; there is no default.
-- expect: models/tiktok/tiktok_offline_events.sql:42:9: error PU202 contract.unknown-column: `curency` is not a column of offline_events; it is not sent.
-- fix: Did you mean `currency`?
