-- payload: web_events
select ip, agent as user_agent from {{ ref('stg_customers') }}
