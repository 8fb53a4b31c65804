from {{ ref('stg_orders') }} as o select distinct on (o.order_id) o.* exclude (customer_id), qualified: 1,
qualify row_number() over (partition by channel order by order_id) = 1
