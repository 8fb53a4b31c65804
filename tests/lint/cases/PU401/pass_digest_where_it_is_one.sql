select
    case when regexp_matches(trim(email), '^[0-9a-f]{64}$') then trim(email) else sha256(lower(email)) end as email,
    case
        when (regexp_full_match(lower(phone), '[a-f0-9]{64}')) then (lower(phone))
        when regexp_matches(replace(phone, ' ', ''), '^[A-Fa-f0-9]{64}$') then lower(replace(phone, ' ', ''))
    end as phone
from {{ ref('stg_customers') }}
