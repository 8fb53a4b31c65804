-- A column in quotes is a text.
-- file: models/tiktok/tiktok_offline_events.sql
-- replace:
        customers.emails as email,
-- with:
        'customers.emails' as email,
-- expect: models/tiktok/tiktok_offline_events.sql:39:9: error PU210 contract.constant-identity: `email` can be the text 'customers.emails', the same in every row.
-- fix: Name the column without quotes and hash it: {{ hashed_email('customers.emails') }}.
