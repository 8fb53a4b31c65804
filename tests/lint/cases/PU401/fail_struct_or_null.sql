-- expect: 2:19 error PU401 `description` carries a raw e-mail address from shop.customers.email.
select (case when id is not null then {'a': email} end).a as description from {{ ref('stg_customers') }}
