-- about: rows of the shop are kept however old they are
-- expect: 3:51 note PU701 No filter bounds how old an event can be; older than 28 days it does not count.
select 'Purchase' as event, order_id as event_id, placed_at as event_time from {{ source('market', 'orders') }}
where placed_at >= timestamp '2026-10-20 00:00:00' or order_id = 'shop-1'
