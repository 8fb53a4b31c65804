{{ config(materialized='incremental', unique_key=['order_id'], incremental_strategy='merge') }}
with changed as (
    select * from {{ source('market', 'orders') }}
    {% if is_incremental() %}
    where updated_at > (select coalesce(max(updated_at), timestamp '1970-01-01') from {{ this }})
    {% endif %}
)
select order_id, updated_at, 'Purchase' as event, order_id as event_id, placed_at as event_time, total as value, currency
from changed
