select sha256('v1') as event_id, sha256(lower(email)) as email from {{ ref('stg_customers') }}
