-- expect: 4:1 error PU201 No setting gives `audience_name`.
-- payload: audience
-- source id: none
select sha256(lower(email)) as email from {{ ref('stg_customers') }}
