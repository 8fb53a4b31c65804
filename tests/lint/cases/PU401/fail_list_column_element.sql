-- expect: 3:8 error PU401 `description` carries a raw e-mail address from shop.customers.emails.
-- expect: 3:34 error PU401 `brand` carries a raw e-mail address from shop.customers.emails.
select emails[1] as description, list_extract(emails, 1) as brand from {{ ref('stg_customers') }}
