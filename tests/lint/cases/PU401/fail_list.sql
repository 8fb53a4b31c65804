-- expect: 2:8 error PU401 `description` carries a raw e-mail address from shop.customers.email.
select list(email order by id) as description from {{ ref('stg_customers') }} group by city
