select sha256(concat(split_part(lower(email), '@', 1), '@', lower(split_part(email, '@', 2)))) as email
from {{ ref('stg_customers') }}
where email is not null
