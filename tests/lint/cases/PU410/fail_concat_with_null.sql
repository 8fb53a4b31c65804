-- expect: 2:15 warning PU410 `phone` is the hash of '+1' where the identifier is NULL.
select sha256(concat('+1', regexp_replace(phone, '[^0-9]', '', 'g'))) as phone from {{ ref('stg_customers') }}
