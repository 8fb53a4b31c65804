-- expect: 3:10 warning PU213 Web orders in an offline event set count twice when the pixel reports them too.
select
    case channel when 'web' then 'website' else 'in_store' end as event_channel
from {{ ref('stg_orders') }}
