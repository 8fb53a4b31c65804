-- expect: 2:8 error PU401 `email` carries a raw e-mail address from shop.customers.email.
select * exclude (phone, full_name, contact, emails, ip, agent, id) from {{ ref('stg_customers') }}
