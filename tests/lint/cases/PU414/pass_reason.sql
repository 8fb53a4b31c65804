select sha256(lower(email)) as email
from {{ ref('stg_customers') }}
where email <> '0123456789abcdef0123456789abcdef01234567' -- noqa: PU414 because it is the SHA-1 of a placeholder
