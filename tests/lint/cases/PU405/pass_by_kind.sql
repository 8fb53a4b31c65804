select list(digest) filter (where kind = 'email') as email
from (
    select 'email' as kind, sha256(lower(trim(email))) as digest from {{ ref('stg_customers') }}
    union all
    select 'phone', sha256(replace(phone, ' ', '')) from {{ ref('stg_customers') }}
) as digests
