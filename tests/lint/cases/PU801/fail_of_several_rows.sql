-- expect: 11:15 note PU801 any_value() is missing in PostgreSQL before 16.
-- expect: 12:5 note PU801 first() is missing in PostgreSQL.
-- expect: 13:5 note PU801 last() is missing in PostgreSQL.
-- expect: 14:13 note PU801 arg_max() is missing in PostgreSQL.
-- expect: 15:12 note PU801 arg_min() is missing in PostgreSQL.
-- expect: 16:5 note PU801 len() of a list fails elsewhere.
-- expect: 17:5 note PU801 len() of a list fails elsewhere.
-- expect: 18:5 note PU801 list_distinct() has another order elsewhere.
select
    order_id,
    any_value(title) as a,
    first(title order by line_no) as b,
    last(title) as c,
    arg_max(title, line_no) as d,
    min_by(title, line_no) as e,
    len(list(sku)) as f,
    len([sku, title]) as g,
    list_distinct(list(sku)) as h
from {{ source('market', 'order_items') }}
group by order_id, sku, title
