select * replace (sha256(lower(email)) as email)
from (select email, city as description from {{ ref('stg_customers') }}) as c
