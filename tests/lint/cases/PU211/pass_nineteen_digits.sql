select '7654321098765432109' as event_set_id from {{ ref('stg_orders') }}
