-- payload: audience
select
    sha256(lower(trim(customers.email))) as email,
    sha256(replace(customers.phone, ' ', '')) as phone,
    sha256(lower(devices.idfa)) as idfa,
    sha256(lower(devices.gaid)) as aaid
from {{ ref('stg_customers') }} as customers
left join {{ source('app', 'devices') }} as devices on customers.id = devices.customer_id
