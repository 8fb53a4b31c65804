-- expect: 2:1 error PU201 Required column `event_time` is missing.
select 'Purchase' as event, order_id as event_id, amount as value, currency from {{ ref('stg_orders') }}
union all
select 'Contact', order_id, amount, currency from {{ ref('stg_orders') }}
