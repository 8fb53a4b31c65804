-- expect: 9:10 note PU809 A cast of a fraction to a whole number rounds here and cuts on Spark.
-- expect: 10:6 note PU809 A cast of a fraction to a whole number rounds here and cuts on Spark.
-- expect: 11:10 note PU809 A cast of a fraction to a whole number rounds here and cuts on Spark.
-- expect: 12:10 note PU809 A cast of a fraction to a whole number rounds here and cuts on Spark.
-- expect: 13:19 note PU809 A cast of a fraction to a whole number rounds here and cuts on Spark.
-- expect: 14:19 note PU809 A cast of a fraction to a whole number rounds here and cuts on Spark.
-- expect: 15:5 note PU809 round() of a DOUBLE rounds halves to the even number in PostgreSQL.
select
    cast(avg(quantity) as integer) as average,
    (sum(quantity) / 3)::bigint as third,
    cast(1.5 * sum(quantity) as integer) as more,
    cast(coalesce(cast(min(sku) as decimal(9, 2)), 0) as smallint) as parsed,
    cast(cast(min(sku) as double) as integer) as double,
    cast(cast(min(sku) as decimal) as integer) as three_places,
    round(sum(quantity) / 3, 1) as round
from {{ source('market', 'order_items') }}
