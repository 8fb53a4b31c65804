-- expect: 6:5 error PU401 `description` carries a raw e-mail address from shop.customers.emails.
-- expect: 7:5 error PU401 `brand` carries a raw e-mail address from shop.customers.emails.
-- expect: 8:5 error PU401 `shop_id` carries a raw e-mail address from shop.customers.emails.
-- expect: 9:5 error PU401 `order_id` carries a raw e-mail address from shop.customers.emails.
select
    list_reduce(emails, lambda one, other: one || other) as description,
    list_aggregate(emails, 'string_agg', ',') as brand,
    array_to_string(list_filter(emails, lambda address: address like '%@%'), ',') as shop_id,
    list_zip(emails, tags) as order_id
from {{ ref('stg_customers') }}
