-- expect: 12:8 error PU401 `description` carries a raw e-mail address from shop.customers.email.
with recursive steps (n, one, two) as (

    select 1, email, city from {{ ref('stg_customers') }}

    union all

    select n + 1, two, one from steps where n < 3

)

select two as description from steps
