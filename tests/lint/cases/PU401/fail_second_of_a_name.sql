-- expect: 2:8 error PU401 `description` carries a raw e-mail address from shop.customers.email.
select email_1 as description
from (
    select a.email, b.email
    from (select sha256(lower(email)) as email from {{ ref('stg_customers') }}) as a
    cross join (select email from {{ ref('stg_customers') }}) as b
) as both_of_them
