-- expect: 2:40 warning PU414 These 40 hexadecimal digits look like an access token.
select sha256(lower(email)) as email, '0123456789abcdef0123456789abcdef01234567' as description
from {{ ref('stg_customers') }}
