-- payload: web_events
-- expect: 3:8 warning PU405 `ip` holds a hash of shop.customers.ip, and TikTok takes this column as it is.
select sha256(ip) as ip, agent as user_agent from {{ ref('stg_customers') }}
