-- expect: 5:8 error PU401 `description` carries a raw e-mail address from shop.customers.email.
with v(a) as (
    values ((select max(email) from {{ ref('stg_customers') }}))
)
select a as description from v
