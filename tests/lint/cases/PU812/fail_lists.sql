-- expect: 7:5 note PU812 The ORDER BY of list() is lost on Spark.
-- expect: 7:5 note PU812 list() keeps NULL here and leaves it out on Spark.
-- expect: 8:5 note PU812 list() keeps NULL here and leaves it out on Spark.
-- expect: 9:5 note PU812 The ORDER BY of list() is lost on Spark.
select
    order_id,
    list(sku order by line_no) as ordered,
    array_agg(distinct sku) as members,
    list(sku order by line_no) filter (where sku is not null) as ordered_members
from {{ source('market', 'order_items') }}
group by order_id
