-- expect: 2:8 error PU401 `description` carries a raw e-mail address from shop.customers.emails.
select unnest(emails) as description from {{ ref('stg_customers') }}
