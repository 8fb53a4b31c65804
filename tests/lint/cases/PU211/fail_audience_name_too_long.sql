-- expect: 7:33 error PU211 `audience_name` is ' Best' (5 characters).
-- expect: 7:46 error PU211 `audience_name` is 'xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx' (129 characters).
-- payload: audience
-- source id: none
select
    sha256(lower(email)) as email,
    case when city is null then ' Best' else 'xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx' end as audience_name
from {{ ref('stg_customers') }}
