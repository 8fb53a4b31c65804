-- payload: web_events
select 'LoyaltyCardPrinted' as event from {{ ref('stg_orders') }}
