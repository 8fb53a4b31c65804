-- expect: 3:8 error PU401 `city` carries a raw e-mail address from shop.customers.contact.
-- expect: 3:8 error PU401 `email` carries a raw e-mail address from shop.customers.contact.
select unnest(contact) from {{ ref('stg_customers') }}
