select substr(sha256(lower(trim(email))), 1, 8) as description from {{ ref('stg_customers') }}
