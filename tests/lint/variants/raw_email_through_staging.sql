-- An address goes on as it was typed, two models before the view.
-- file: models/intermediate/int_customers__identified.sql
-- replace:
            when 'email' then {{ hashed_email('identity') }}
-- with:
            when 'email' then identity
-- expect: macros/identity/hashed_phone.sql:3:1: warning PU407 privacy.unnormalised-hash: `email` hashes the e-mail address of retail.customers.email before it is in lower case.
-- fix: Use {{ hashed_email('...') }}.
-- expect: macros/identity/hashed_phone.sql:3:1: warning PU407 privacy.unnormalised-hash: `email` hashes the e-mail address of retail.customers.loyalty_email before it is in lower case.
-- fix: Use {{ hashed_email('...') }}.
-- expect: models/tiktok/tiktok_offline_events.sql:39:9: error PU401 privacy.raw-identifier: `email` carries a raw e-mail address or phone number from retail.customers.email, retail.customers.loyalty_email, retail.customers.mobile and 1 more.
-- fix: Hash each kind with its macro in macros/identity/, or leave the column out of the view.
-- expect: models/tiktok/tiktok_offline_events.sql:40:9: error PU401 privacy.raw-identifier: `phone` carries a raw e-mail address or phone number from retail.customers.email, retail.customers.loyalty_email, retail.customers.mobile and 1 more.
-- fix: Hash each kind with its macro in macros/identity/, or leave the column out of the view.
-- expect: models/tiktok/tiktok_web_events.sql:70:9: error PU401 privacy.raw-identifier: `email` carries a raw e-mail address or phone number from retail.customers.email, retail.customers.loyalty_email, retail.customers.mobile and 1 more.
-- fix: Hash each kind with its macro in macros/identity/, or leave the column out of the view.
-- expect: models/tiktok/tiktok_web_events.sql:71:9: error PU401 privacy.raw-identifier: `phone` carries a raw e-mail address or phone number from retail.customers.email, retail.customers.loyalty_email, retail.customers.mobile and 1 more.
-- fix: Hash each kind with its macro in macros/identity/, or leave the column out of the view.
