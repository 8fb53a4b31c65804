{%- set methods = ['card', 'cash', 'voucher'] %}
with paid as (
    select
        order_id
        {%- for method in methods %}
        , sum(case when method = '{{ method }}' then amount else 0 end) as {{ method }}_amount
        {%- endfor %}
    from {{ source('market', 'payments') }}
    group by order_id
)
select
    'Purchase' as event,
    orders.order_id as event_id,
    orders.placed_at as event_time,
    {% for method in methods %}coalesce(paid.{{ method }}_amount, 0){{ ' + ' if not loop.last }}{% endfor %} as value,
    orders.currency
from {{ source('market', 'orders') }} as orders
left join paid on orders.order_id = paid.order_id
where orders.placed_at >= timestamp '2026-11-01'
