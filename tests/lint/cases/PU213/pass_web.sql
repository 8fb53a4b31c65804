-- payload: web_events
select 'website' as event_channel from {{ ref('stg_orders') }}
