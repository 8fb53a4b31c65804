-- expect: 2:8 error PU408 `email` is the hexadecimal form of a digest that is in hexadecimal already: it matches nobody.
select to_hex(sha256(lower(trim(email)))) as email from {{ ref('stg_customers') }}
