with ranked as (
    select *, case when row_number() over (partition by order_id order by sold_at, sku) = 1 then 1 else 0 end as is_first
    from {{ source('market', 'line_items') }}
)
select 'Purchase' as event, order_id as event_id, min(sold_at) as event_time
from ranked
where is_first = 1
group by order_id
