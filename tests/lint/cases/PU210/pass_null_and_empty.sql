select coalesce(sha256(lower(email)), '') as email, cast(null as varchar) as phone from {{ ref('stg_customers') }}
