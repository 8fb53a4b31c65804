-- expect: 2:1 error PU207 No identity: the view has none of email, phone.
select 'Purchase' as event, order_id as event_id, ordered_at as event_time from {{ ref('stg_orders') }}
