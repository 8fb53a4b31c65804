select 'Purchase' as event from {{ ref('stg_orders') }}
