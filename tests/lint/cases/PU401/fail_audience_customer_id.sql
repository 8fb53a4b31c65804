-- expect: 3:39 error PU401 `customer_id` carries a raw customer id from shop.customers.id.
-- payload: audience
select sha256(lower(email)) as email, id as customer_id from {{ ref('stg_customers') }}
