-- expect: 5:7 note PU805 A backslash in LIKE is a letter here and escapes the next one elsewhere.
-- expect: 5:37 note PU805 A backslash in LIKE is a letter here and escapes the next one elsewhere.
select order_id
from {{ source('market', 'orders') }}
where order_number like '%\_old' or order_number not ilike 'a\\%'
