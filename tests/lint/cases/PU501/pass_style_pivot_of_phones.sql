with ids as (select customer_id, 'e' as k, digest as d from {{ source('market', 'customers') }} union all select customer_id, 'p', phone_digest from {{ source('market', 'customers') }}),
w as (select customer_id, min(d) filter (where k = 'e') as email, min(d) filter (where k = 'p') as phone from ids group by 1)
select 'Purchase' as event, o.order_id as event_id, o.placed_at as event_time, o.total as value, o.currency, w.email, w.phone from {{ source('market', 'orders') }} o left join w using (customer_id) where o.placed_at >= timestamp '2026-11-23 06:00:00' - interval 28 day
