-- expect: 6:10 note PU813 What a time with a zone is as text depends on the session elsewhere.
-- expect: 7:5 note PU813 A time without a zone goes the other way on Spark.
-- expect: 8:5 note PU813 A time without a zone goes the other way on Spark.
-- expect: 9:5 note PU813 to_timestamp() gives a time with a zone.
select
    cast(placed_at as timestamptz) as zoned,
    placed_at at time zone 'Europe/Berlin' as berlin,
    timezone('UTC', placed_at) as utc,
    to_timestamp(length(order_id)) as moment
from {{ source('market', 'orders') }}
