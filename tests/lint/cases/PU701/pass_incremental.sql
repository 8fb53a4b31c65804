{{ config(materialized='incremental', unique_key='event_id') }}
select 'Purchase' as event, order_id as event_id, placed_at as event_time from {{ source('market', 'orders') }}
{% if is_incremental() %}where placed_at > (select max(event_time) from {{ this }}){% endif %}
