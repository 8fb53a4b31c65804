-- expect: 2:8 error PU401 `description` carries a raw identifier from shop.customers.contact, shop.customers.email, shop.customers.emails and 5 more.
select to_json(c) as description from {{ ref('stg_customers') }} as c
