select sha256(id || '|' || lower(email)) as external_id from {{ ref('stg_customers') }}
