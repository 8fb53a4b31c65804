-- expect: 3:18 note PU305 `any_value()` takes the value of any row of the group.
-- payload: audience
select any_value(sha256(lower(email))) as email from {{ ref('stg_customers') }} group by id
