-- expect: 3:8 error PU401 `description` carries a raw name from shop.customers.full_name.
-- expect: 3:34 error PU401 `shop_id` carries a raw customer id from shop.customers.id.
select full_name as description, id as shop_id from {{ ref('stg_customers') }}
