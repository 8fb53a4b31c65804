-- expect: 5:14 note PU802 A slice in brackets is missing on Spark.
-- expect: 6:5 note PU802 A function behind a dot is DuckDB's own.
-- expect: 7:6 note PU802 A list comprehension is DuckDB's own.
select
    order_id[1:2] as first,
    order_id.upper() as upper,
    [one || '!' for one in [order_id]] as all
from {{ source('market', 'orders') }}
