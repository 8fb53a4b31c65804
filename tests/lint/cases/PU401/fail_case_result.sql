-- expect: 2:18 error PU401 `description` carries a raw e-mail address from shop.customers.email.
select case when city = 'Bonn' then email else city end as description from {{ ref('stg_customers') }}
