-- expect: 2:15 error PU410 `email` is one hash of e-mail address and phone number, which matches nobody.
select sha256(lower(email) || regexp_replace(phone, '[^0-9]', '', 'g')) as email from {{ ref('stg_customers') }}
