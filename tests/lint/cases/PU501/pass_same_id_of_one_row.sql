select 'Purchase' as event, 'all' as event_id, max(ordered_at) as event_time from {{ ref('stg_orders') }}
