-- about: SHA-256 and MD5, a UUID, an event set, and forty signs that are no hexadecimal digits
select sha256(lower(email)) as email
from {{ ref('stg_customers') }}
where email not in (
    'e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855',
    'd41d8cd98f00b204e9800998ecf8427e',
    '0cf3d5b1-7c0f-4a55-8c2e-1a2b3c4d5e6f',
    '7654321098765432109',
    '0123456789abcdef0123456789abcdef0123456g'
)
