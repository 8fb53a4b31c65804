-- expect: 8:5 error PU401 `description` carries a raw e-mail address from shop.customers.email.
-- expect: 9:5 error PU401 `brand` carries a raw phone number from shop.customers.phone.
-- expect: 10:5 error PU401 `shop_id` carries a raw e-mail address from shop.customers.email.
-- expect: 11:16 error PU401 `search_string` carries a raw phone number from shop.customers.phone.
-- expect: 12:5 error PU401 `order_id` carries a raw e-mail address from shop.customers.email.
-- expect: 13:5 error PU401 `content_type` carries a raw e-mail address from shop.customers.email.
select
    concat('a', email) as description,
    concat_ws('-', city, phone) as brand,
    format('{}', email) as shop_id,
    string_agg(phone, ',') as search_string,
    base64(encode(email)) as order_id,
    regexp_extract(email, '^[^@]+') as content_type
from {{ ref('stg_customers') }}
group by all
