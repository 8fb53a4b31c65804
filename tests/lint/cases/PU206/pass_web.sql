-- payload: web_events
select city as ttclid from {{ ref('stg_customers') }}
