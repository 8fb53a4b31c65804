select sha256(lower(trim(email))) as email from {{ ref('stg_customers') }}
