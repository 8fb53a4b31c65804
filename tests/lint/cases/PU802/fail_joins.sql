-- expect: 7:11 note PU802 SEMI and ANTI are names of tables to PostgreSQL: an anti join gives the rows that it leaves out here.
-- expect: 8:11 note PU802 SEMI and ANTI are names of tables to PostgreSQL: an anti join gives the rows that it leaves out here.
-- expect: 9:11 note PU802 ASOF JOIN and POSITIONAL JOIN are DuckDB's own.
-- expect: 11:17 note PU802 ASOF JOIN and POSITIONAL JOIN are DuckDB's own.
select orders.order_id
from {{ source('market', 'orders') }} as orders
anti join {{ source('market', 'payments') }} as payments on orders.order_id = payments.order_id
semi join {{ source('market', 'order_items') }} as items on orders.order_id = items.order_id
asof join {{ source('market', 'payments') }} as paid
    on orders.order_id = paid.order_id and orders.placed_at <= paid.paid_at
positional join {{ source('market', 'customers') }} as others
