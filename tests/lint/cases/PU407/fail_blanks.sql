-- expect: 3:8 note PU407 `email` hashes the e-mail address of shop.customers.email before it is free of the blanks around it.
-- expect: 3:39 warning PU407 `phone` hashes the phone number of shop.customers.phone before it is in E.164 form.
select sha256(lower(email)) as email, sha256(trim(phone)) as phone from {{ ref('stg_customers') }}
