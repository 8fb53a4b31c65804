-- expect: 3:5 note PU209 'CompletePayment' is now called 'Purchase'. Renamed; TikTok converts the old name, so the two are one event.
select
    'CompletePayment' as event
from {{ ref('stg_orders') }}
