-- expect: 3:5 warning PU303 `event_id` depends on shop.customers.email: a corrected address makes a new event.
select
    sha256(lower(email) || city) as event_id
from {{ ref('stg_customers') }}
