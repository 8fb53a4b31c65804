-- A digest is hashed again in the view.
-- file: models/tiktok/tiktok_web_events.sql
-- replace:
        customers.emails as email,
-- with:
        list_transform(customers.emails, lambda digest: sha256(digest)) as email,
-- expect: models/tiktok/tiktok_web_events.sql:70:57: error PU406 privacy.hash-of-hash: `email` holds the hash of a hash of retail.customers.email, retail.customers.loyalty_email, retail.customers.mobile, retail.customers.phone.
-- fix: Hash once: remove one sha256(), or give the macro the state of its column, 'sha256' or 'auto'.
