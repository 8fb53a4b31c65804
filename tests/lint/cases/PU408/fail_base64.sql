-- expect: 2:8 error PU408 `email` is a digest in base64: it matches nobody.
select base64(cast(sha256(lower(email)) as blob)) as email from {{ ref('stg_customers') }}
