-- expect: 2:8 error PU401 `description` carries a raw e-mail address from shop.customers.email.
select first_value(email) over (partition by city order by id) as description from {{ ref('stg_customers') }}
