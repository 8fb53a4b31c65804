select sha256(case when kind <> 'guest' then lower(email) else null end) as email from {{ ref('stg_customers') }}
