-- expect: 4:5 error PU403 `email` carries the e-mail address of shop.customers.email hashed with md5().
-- expect: 5:5 error PU403 `description` carries the phone number of shop.customers.phone hashed with hash().
select
    md5(lower(email)) as email,
    hash(phone) as description
from {{ ref('stg_customers') }}
