-- expect: 7:10 note PU808 epoch() has a fraction here and none on Spark.
-- expect: 8:5 note PU808 epoch_ms() is another function on Spark and PostgreSQL.
-- expect: 9:5 note PU808 epoch_us() is missing elsewhere.
-- expect: 10:24 note PU808 The part `epoch` of a time is missing on Spark.
-- expect: 11:5 note PU808 The part `epoch` of a time is missing on Spark.
select
    cast(epoch(placed_at) as bigint) as seconds,
    epoch_ms(placed_at) as ms,
    epoch_us(placed_at) as us,
    extract(epoch from placed_at) as part,
    date_part('epoch', placed_at) as other_part
from {{ source('market', 'orders') }}
