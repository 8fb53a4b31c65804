-- payload: audience
-- source id: Best customers
select sha256(lower(trim(email))) as email, sha256(upper(kind)) as idfa, sha256(lower(kind)) as aaid
from {{ ref('stg_customers') }}
