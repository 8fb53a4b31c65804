select sha256(upper(trim(id))) as external_id from {{ ref('stg_customers') }}
