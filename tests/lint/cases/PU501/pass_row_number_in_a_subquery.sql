select 'Purchase' as event, ranked.order_id as event_id, ranked.sold_at as event_time, ranked.digest as email
from (
    select
        li.*,
        row_number() over (partition by li.order_id order by li.sold_at desc, li.sku) as rn
    from {{ source('market', 'line_items') }} li
) ranked
where ranked.rn = 1
  and ranked.digest is not null
