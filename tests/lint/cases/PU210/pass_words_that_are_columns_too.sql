-- about: a value may be called like some column: a shop, a channel, an id that is a word
select
    'Purchase' as event,
    'first' as event_id,
    ordered_at as event_time,
    'city' as shop_id,
    'kind' as description,
    'EUR' as currency
from {{ ref('stg_orders') }}
