-- expect: 3:17 note PU810 try_cast() takes other texts on Spark and fails in PostgreSQL.
-- expect: 3:53 note PU810 try() takes other texts on Spark and fails in PostgreSQL.
select try_cast(order_number as integer) as number, try(cast(order_number as date)) as day
from {{ source('market', 'orders') }}
