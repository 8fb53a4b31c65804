-- expect: 3:31 warning PU209 'PlaceAnOrder' is accepted only until 2027. Removed from the documentation in 2025, still accepted until its sunset in 2027.
select
    case when amount > 0 then 'PlaceAnOrder' else 'Contact' end as event
from {{ ref('stg_orders') }}
