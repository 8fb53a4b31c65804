-- expect: 3:15 note PU304 `row_number()` is ordered by `paid_at`: of two rows that are alike there, any may come first.
with ranked as (
    select *, row_number() over (partition by order_id order by paid_at) as n from {{ source('market', 'payments') }}
)
select 'Purchase' as event, order_id as event_id, paid_at as event_time, amount as value from ranked where n = 1
