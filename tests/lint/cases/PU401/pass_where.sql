select city as description from {{ ref('stg_customers') }} where email is not null and phone like '+%'
