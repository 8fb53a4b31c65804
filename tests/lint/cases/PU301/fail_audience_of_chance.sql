-- expect: 4:69 warning PU301 `random` differs from run to run.
-- expect: 7:7 warning PU301 LIMIT without ORDER BY takes other rows from run to run.
-- payload: audience
with members as (select email from {{ ref('stg_customers') }} where random() < 0.5)

select sha256(lower(email)) as email from members
limit 1000
