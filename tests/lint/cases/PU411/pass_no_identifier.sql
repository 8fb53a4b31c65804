select sha256(lower(email)) as email, regexp_replace(city, '[^a-z]', '') as description from {{ ref('stg_customers') }}
