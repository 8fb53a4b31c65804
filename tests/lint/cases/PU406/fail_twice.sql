-- expect: 3:5 error PU406 `email` holds the hash of a hash of shop.customers.email.
select
    sha256(digest) as email
from (select sha256(lower(trim(email))) as digest from {{ ref('stg_customers') }}) as digests
