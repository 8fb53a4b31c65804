-- expect: 8:5 note PU803 regexp_replace() without 'g' replaces the first match here and all on Spark.
-- expect: 9:5 note PU803 The option 'i' of a pattern is left out on Spark.
-- expect: 9:5 note PU803 regexp_replace() without 'g' replaces the first match here and all on Spark.
-- expect: 10:5 note PU803 The option 'i' of a pattern is left out on Spark.
-- expect: 11:5 note PU803 The option 'i' of a pattern is left out on Spark.
-- expect: 13:7 note PU803 The option 'i' of a pattern is left out on Spark.
select
    regexp_replace(order_number, '[a-z]', '') as first_only,
    regexp_replace(order_number, '[a-z]', '', 'i') as both,
    regexp_replace(order_number, '[a-z]', '', 'gi') as cases,
    regexp_extract(order_number, '[a-z]', 0, 'i') as part
from {{ source('market', 'orders') }}
where regexp_matches(order_number, 'x', 'i')
