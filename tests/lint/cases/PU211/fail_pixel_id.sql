-- expect: 4:36 error PU211 `pixel_code` is '1234567' (7 characters).
-- payload: web_events
select
    case when channel = 'web' then '1234567' else 'C4A1B2C3D4E5F6G7H8I9' end as pixel_code
from {{ ref('stg_orders') }}
