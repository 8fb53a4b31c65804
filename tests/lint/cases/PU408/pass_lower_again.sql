select lower(upper(sha256(lower(email)))) as email from {{ ref('stg_customers') }}
