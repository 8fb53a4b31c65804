-- expect: 5:17 error PU401 `description` carries a raw e-mail address from shop.customers.email.
-- expect: 6:11 error PU401 `brand` carries a raw phone number from shop.customers.phone.
-- expect: 7:5 error PU401 `shop_id` carries a raw phone number from shop.customers.phone.
select
    json_object('city', city, 'mail', email) as description,
    cast((city, phone) as varchar) as brand,
    to_json({'a': phone}) ->> 'a' as shop_id
from {{ ref('stg_customers') }}
