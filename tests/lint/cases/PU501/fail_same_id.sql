-- expect: 2:29 error PU501 `event_id` is 'web-shop' in every row. Rows that share an id count once.
select 'Purchase' as event, 'web' || '-' || 'shop' as event_id from {{ source('market', 'orders') }}
