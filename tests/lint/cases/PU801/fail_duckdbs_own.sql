-- expect: 9:5 note PU801 age() counts days in DuckDB, years and months in PostgreSQL.
-- expect: 10:5 note PU801 date_sub() is missing elsewhere.
-- expect: 11:5 note PU801 list_extract() is missing elsewhere.
-- expect: 12:5 note PU801 to_json() leaves fields that are NULL out on Spark.
-- expect: 13:5 note PU801 try_strptime() is missing elsewhere.
-- expect: 14:5 note PU801 damerau_levenshtein() goes to other engines as it is, and may be missing there.
select
    order_id,
    age(placed_at, updated_at) as age,
    date_sub('day', placed_at, updated_at) as days,
    list_extract([order_id], 1) as first,
    to_json([order_id]) as json,
    try_strptime(order_number, '%Y-%m-%d') as day,
    damerau_levenshtein(order_id, order_number) as distance
from {{ source('market', 'orders') }}
