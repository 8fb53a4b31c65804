-- expect: 2:8 error PU401 `full_name` carries a raw name from shop.customers.full_name.
select columns('^(city|full_name)$') from {{ ref('stg_customers') }}
