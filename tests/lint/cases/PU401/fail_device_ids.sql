-- expect: 4:8 error PU401 `idfa` carries a raw e-mail address from shop.customers.email.
-- expect: 4:23 error PU401 `description` carries a raw user agent from shop.customers.agent.
-- payload: app_events
select email as idfa, agent as description from {{ ref('stg_customers') }}
