-- expect: 5:11 error PU208 `event` can be 'purchase', which is not one of its values.
-- expect: 6:11 note PU208 `currency` can be 'USF', which is not one of its values.
-- expect: 7:10 error PU208 `content_type` can be 'products', which is not one of its values.
select
    lower('Purchase') as event,
    upper('us' || 'f') as currency,
    trim(' products ') as content_type
from {{ ref('stg_orders') }}
