select case when email like '%@example.com' then 'test' else city end as description from {{ ref('stg_customers') }}
