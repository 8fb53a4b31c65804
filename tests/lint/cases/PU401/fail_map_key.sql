-- expect: 3:13 error PU401 `description` carries a raw e-mail address from shop.customers.email.
-- expect: 3:39 error PU401 `brand` carries a raw e-mail address from shop.customers.contact.
select map {email: 1} as description, struct_insert(contact, note := city) as brand from {{ ref('stg_customers') }}
