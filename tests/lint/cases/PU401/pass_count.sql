select count(email) as num_items, count(distinct phone) as description, city as brand
from {{ ref('stg_customers') }} group by city
