select sha256(replace(split_part(address, '@', 1), '.', '') || '@' || split_part(address, '@', 2)) as email
from (select lower(trim(email)) as address from {{ ref('stg_customers') }}) as customers
