-- expect: 2:8 error PU405 `email` holds the hash of a phone number (shop.customers.phone).
select sha256(lower(trim(phone))) as email from {{ ref('stg_customers') }}
