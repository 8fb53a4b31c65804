select sha256(nullif(lower(trim(email)), '')) as email from {{ ref('stg_customers') }}
