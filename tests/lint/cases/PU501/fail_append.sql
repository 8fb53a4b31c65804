-- expect: 4:29 note PU501 Nothing proves that `event_id` is unique.
-- about: rows that are only added may be there already
{{ config(materialized='incremental') }}
select 'Purchase' as event, order_id as event_id, max(sold_at) as event_time, sum(price * quantity) as value
from {{ source('market', 'line_items') }}
{% if is_incremental() %}
where sold_at > (select max(event_time) from {{ this }})
{% endif %}
group by order_id
