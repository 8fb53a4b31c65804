select sha256(address) as email, sha256(number) as phone
from (
    select lower(trim(email)) as address, regexp_replace(phone, '[^0-9+]', '', 'g') as number
    from {{ ref('stg_customers') }}
) as c
