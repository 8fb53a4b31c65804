from {{ source('market', 'line_items') }}
select 'Purchase' as event, order_id as event_id, max(sold_at) as event_time, sum(price * quantity) as value, 'EUR' as currency
group by all
