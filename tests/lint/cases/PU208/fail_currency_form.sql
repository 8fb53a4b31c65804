-- about: XXX is the code of ISO 4217 for no currency: in the right form, and on no list of TikTok's
-- expect: 6:23 error PU208 `currency` can be '$', which is not one of its values.
-- expect: 7:23 note PU208 `currency` can be 'XXX', which is not one of its values.
-- expect: 8:10 error PU208 `currency` can be 'EURO', which is not one of its values.
select amount as value, case currency
        when 'd' then '$'
        when 'x' then 'XXX'
    else 'EURO' end as currency
from {{ ref('stg_orders') }}
