-- expect: 2:8 error PU401 `description` carries a raw e-mail address from shop.customers.email.
select packed.a as description
from (select struct_pack(a := email, b := city) as packed from {{ ref('stg_customers') }}) as s
