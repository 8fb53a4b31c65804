-- expect: 2:23 warning PU411 `phone` is hashed after only the first match of '[^0-9]' was replaced.
select sha256('+1' || regexp_replace(phone, '[^0-9]', '')) as phone from {{ ref('stg_customers') }}
