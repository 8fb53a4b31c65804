-- expect: 9:5 note PU804 `$` in a pattern lets a line end by on Spark.
-- expect: 10:8 note PU804 `$` in a pattern lets a line end by on Spark.
-- expect: 11:8 note PU804 `$` in a pattern lets a line end by on Spark.
-- expect: 12:8 note PU804 `$` in a pattern lets a line end by on Spark.
-- expect: 12:23 note PU804 `\p` in a pattern fails in PostgreSQL.
select order_id
from {{ source('market', 'orders') }}
where
    regexp_matches(trim(order_number), '^[0-9]+$')
    or regexp_matches(replace(order_number, ' ', ''), '^(A|B$)')
    or regexp_matches(regexp_replace(order_number, '[(]', '', 'g'), '[0-9]$')
    or regexp_matches(regexp_replace(order_number, '\p{Z}', '', 'g'), '[0-9]$')
