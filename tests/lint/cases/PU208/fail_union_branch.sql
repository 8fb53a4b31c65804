-- expect: 4:8 error PU208 `event` can be 'PageViewX', which is not one of its values.
select 'Contact' as event, order_id as event_id from {{ ref('stg_orders') }}
union all
select 'PageViewX', order_id from {{ ref('stg_orders') }}
