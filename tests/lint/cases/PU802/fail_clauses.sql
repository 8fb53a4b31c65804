-- expect: 5:8 note PU802 GROUP BY ALL is missing in PostgreSQL.
-- expect: 5:8 note PU802 ORDER BY ALL is missing in PostgreSQL.
-- expect: 5:45 note PU802 A subquery without a name fails in PostgreSQL.
-- expect: 5:125 note PU802 LIMIT with a share is DuckDB's own.
select order_id, count(*) as n from (select order_id from {{ source('market', 'orders') }}) group by all order by all limit 10%
