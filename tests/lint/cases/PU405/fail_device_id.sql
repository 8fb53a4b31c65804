-- expect: 3:8 error PU405 `idfa` holds the hash of a phone number (shop.customers.phone).
-- payload: app_events
select sha256(replace(phone, ' ', '')) as idfa from {{ ref('stg_customers') }}
