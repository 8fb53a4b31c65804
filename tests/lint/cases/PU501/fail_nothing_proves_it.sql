-- expect: 2:29 note PU501 Nothing proves that `event_id` is unique.
select 'Purchase' as event, order_id as event_id, ordered_at as event_time from {{ ref('stg_orders') }}
