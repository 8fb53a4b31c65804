-- expect: 2:40 error PU401 `description` carries a raw e-mail address from shop.customers.email.
from {{ ref('stg_customers') }} select description: email
