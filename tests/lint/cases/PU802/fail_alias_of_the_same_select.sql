-- expect: 3:28 note PU802 `twice` stands for an expression of the same SELECT, which fails in PostgreSQL.
-- expect: 5:7 note PU802 `twice` stands for an expression of the same SELECT, which fails in PostgreSQL.
select total * 2 as twice, twice * 2 as four_times
from {{ source('market', 'orders') }}
where twice > 10
