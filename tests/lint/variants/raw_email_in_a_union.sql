-- One branch of a union brings raw addresses into the list of digests.
-- file: models/intermediate/int_customers__identified.sql
-- replace:
    from identities

),
-- with:
    from identities

    union all

    select
        customer_id,
        'email' as kind,
        3 as identity_rank,
        loyalty_email as digest
    from {{ ref('stg_retail__customers') }}

),
-- expect: models/intermediate/int_customers__identified.sql:31:9: error PU413 privacy.no-consent: This branch asks nobody who agreed: `email` of people who did not agree may leave by it.
-- fix: Filter it by `marketing_consent` like the others, or write the reason into pusher.yml: consent: {waived: {tiktok_offline_events: ...}}.
-- expect: models/intermediate/int_customers__identified.sql:31:9: error PU413 privacy.no-consent: This branch asks nobody who agreed: `email` of people who did not agree may leave by it.
-- fix: Filter it by `marketing_consent` like the others, or write the reason into pusher.yml: consent: {waived: {tiktok_web_events: ...}}.
-- expect: models/tiktok/tiktok_offline_events.sql:39:9: error PU401 privacy.raw-identifier: `email` carries a raw e-mail address from retail.customers.loyalty_email.
-- fix: Hash it with {{ hashed_email('...') }}, or leave it out of the view.
-- expect: models/tiktok/tiktok_offline_events.sql:40:9: error PU401 privacy.raw-identifier: `phone` carries a raw e-mail address from retail.customers.loyalty_email.
-- fix: Select the phone number here: {{ hashed_phone('...') }}.
-- expect: models/tiktok/tiktok_web_events.sql:70:9: error PU401 privacy.raw-identifier: `email` carries a raw e-mail address from retail.customers.loyalty_email.
-- fix: Hash it with {{ hashed_email('...') }}, or leave it out of the view.
-- expect: models/tiktok/tiktok_web_events.sql:71:9: error PU401 privacy.raw-identifier: `phone` carries a raw e-mail address from retail.customers.loyalty_email.
-- fix: Select the phone number here: {{ hashed_phone('...') }}.
