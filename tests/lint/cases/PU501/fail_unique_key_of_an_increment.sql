-- expect: 4:29 warning PU501 Rows of market.line_items come one by one, and nothing proves that `event_id` is unique among them.
-- about: the first build takes all rows as they are
{{ config(materialized='incremental', unique_key='event_id') }}
select 'Purchase' as event, order_id as event_id, sold_at as event_time, price * quantity as value, 'EUR' as currency
from {{ source('market', 'line_items') }}
{% if is_incremental() %}
where sold_at > (select max(event_time) from {{ this }})
{% endif %}
