select case when phone is not null then sha256(concat('+1', replace(phone, ' ', ''))) end as phone
from {{ ref('stg_customers') }}
