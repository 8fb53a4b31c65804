-- about: nothing tells the items apart, and their name says what they are
-- expect: 8:5 warning PU606 `value` sums a column of `o` over a join that gives its rows several times.
select
    'Purchase' as event,
    o.order_id as event_id,
    min(o.placed_at) as event_time,
    min(o.currency) as currency,
    sum(o.total) as value
from {{ source('market', 'orders') }} as o
join {{ source('web', 'basket_items') }} as i on o.order_id = i.order_id
group by o.order_id
-- file: models/staging/_web.yml
version: 2
sources:
  - name: web
    tables:
      - name: basket_items
        columns:
          - {name: order_id, data_type: varchar}
          - {name: amount, data_type: "decimal(18, 2)"}
