-- expect: 2:8 error PU401 `description` carries a raw e-mail address from shop.customers.emails.
select list_transform(emails, lambda address: lower(address)) as description from {{ ref('stg_customers') }}
