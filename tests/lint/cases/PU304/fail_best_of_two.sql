-- expect: 5:9 note PU304 `row_number()` is ordered by `city`: of two rows that are alike there, any may come first.
-- payload: audience
select sha256(lower(email)) as email
from {{ source('shop', 'customers') }}
qualify row_number() over (partition by id order by city) = 1
