-- expect: 2:13 error PU401 `description` carries a raw identifier from shop.customers.contact, shop.customers.email, shop.customers.emails and 5 more.
select cast(c as varchar) as description from {{ ref('stg_customers') }} as c
