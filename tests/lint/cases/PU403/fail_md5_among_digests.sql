-- expect: 3:36 error PU403 `email` carries the e-mail address of shop.customers.email hashed with md5().
-- payload: audience
select case when kind = 'old' then md5(lower(email)) else sha256(lower(email)) end as email from {{ ref('stg_customers') }}
