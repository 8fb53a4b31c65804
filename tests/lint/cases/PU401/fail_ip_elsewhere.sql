-- expect: 4:8 error PU401 `description` carries a raw IP address from shop.customers.ip.
-- expect: 4:27 error PU401 `ip` carries a raw user agent from shop.customers.agent.
-- payload: web_events
select ip as description, agent as ip from {{ ref('stg_customers') }}
