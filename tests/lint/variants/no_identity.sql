-- Nobody can be matched.
-- file: models/tiktok/tiktok_offline_events.sql
-- replace:
        customers.emails as email,
        customers.phones as phone,
-- with:
-- expect: models/tiktok/tiktok_offline_events.sql:54:1: error PU207 contract.no-identity: No identity: the view has none of email, phone.
-- fix: Add `email` or `phone` as digests.
