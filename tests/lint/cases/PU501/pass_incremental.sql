{{ config(materialized='incremental', unique_key='event_id') }}
-- about: what is unique in the first build stays so when rows are replaced
select 'Purchase' as event, order_id as event_id, max(sold_at) as event_time, sum(price * quantity) as value, 'EUR' as currency
from {{ source('market', 'line_items') }}
{% if is_incremental() %}
where sold_at > (select max(event_time) from {{ this }})
{% endif %}
group by order_id
