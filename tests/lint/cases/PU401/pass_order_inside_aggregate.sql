select string_agg(city, ',' order by email) as description, arg_min(city, phone) as brand, kind as shop_id
from {{ ref('stg_customers') }}
group by kind
