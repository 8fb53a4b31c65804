-- The hashing macro forgets to hash.
-- file: macros/identity/hashed_phone.sql
-- replace:
sha256({{ normalize_phone(column, country) }})
-- with:
{{ normalize_phone(column, country) }}
-- expect: models/tiktok/tiktok_offline_events.sql:39:9: error PU401 privacy.raw-identifier: `email` carries a raw e-mail address or phone number from retail.customers.email, retail.customers.loyalty_email, retail.customers.mobile and 1 more.
-- fix: Hash each kind with its macro in macros/identity/, or leave the column out of the view.
-- expect: models/tiktok/tiktok_offline_events.sql:40:9: error PU401 privacy.raw-identifier: `phone` carries a raw e-mail address or phone number from retail.customers.email, retail.customers.loyalty_email, retail.customers.mobile and 1 more.
-- fix: Hash each kind with its macro in macros/identity/, or leave the column out of the view.
-- expect: models/tiktok/tiktok_web_events.sql:59:9: error PU401 privacy.raw-identifier: `email` carries a raw e-mail address or phone number from retail.customers.email, retail.customers.loyalty_email, retail.customers.mobile and 1 more.
-- fix: Hash each kind with its macro in macros/identity/, or leave the column out of the view.
-- expect: models/tiktok/tiktok_web_events.sql:60:9: error PU401 privacy.raw-identifier: `phone` carries a raw e-mail address or phone number from retail.customers.email, retail.customers.loyalty_email, retail.customers.mobile and 1 more.
-- fix: Hash each kind with its macro in macros/identity/, or leave the column out of the view.
