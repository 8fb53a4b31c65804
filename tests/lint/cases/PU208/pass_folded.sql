select upper('usd') as currency, 'Sub' || 'scribe' as event from {{ ref('stg_orders') }}
