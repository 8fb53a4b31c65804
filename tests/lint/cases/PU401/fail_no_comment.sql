-- expect: 2:8 error PU401 `description` carries a raw e-mail address from shop.customers.email.
select email as description, '-- noqa: PU401 because it is a text' as shop_id, 'it''s' as brand
from {{ ref('stg_customers') }}
