select substr(sha256(lower(email)), 1, 32) as event_id, substr(sha256(lower(email)), 1, 64) as email
from {{ ref('stg_customers') }}
