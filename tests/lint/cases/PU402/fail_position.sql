-- expect: 4:11 error PU402 `description` comes through the position #3, which cannot be followed and may hold a raw identifier.
select
    city as order_id,
    #3 as description
from {{ ref('stg_customers') }}
