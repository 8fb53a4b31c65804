select email.lower().trim().sha256() as email from {{ ref('stg_customers') }}
