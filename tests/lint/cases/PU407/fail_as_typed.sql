-- expect: 3:8 warning PU407 `email` hashes the e-mail address of shop.customers.email before it is in lower case.
-- expect: 3:38 warning PU407 `phone` hashes the phone number of shop.customers.phone before it is in E.164 form.
select sha256(trim(email)) as email, sha256(phone) as phone from {{ ref('stg_customers') }}
