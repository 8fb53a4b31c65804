-- expect: 6:5 note PU807 date_diff() in days counts the turns of the clock here and full ones on Spark.
-- expect: 7:5 note PU807 date_diff() in months counts the turns of the clock here and full ones on Spark.
-- expect: 8:5 note PU807 date_diff() in hours counts the turns of the clock here and full ones on Spark.
-- expect: 9:10 note PU807 A date minus a date is an interval on Spark.
select
    date_diff('day', placed_at, updated_at) as days,
    datediff('month', cast(placed_at as date), cast(updated_at as date)) as months,
    date_diff('hour', placed_at, updated_at) as hours,
    cast(updated_at as date) - cast(placed_at as date) as difference
from {{ source('market', 'orders') }}
