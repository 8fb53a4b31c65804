-- expect: 12:8 error PU401 `description` carries a raw e-mail address from shop.customers.email.
with recursive steps (n, a, b, c, d, e, f) as (

    select 1, city, city, city, city, city, email from {{ ref('stg_customers') }}

    union all

    select n + 1, b, c, d, e, f, f from steps where n < 9

)

select a as description from steps
