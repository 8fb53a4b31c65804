-- expect: 9:5 note PU804 `\d` in a pattern stands for more characters elsewhere.
-- expect: 10:5 note PU804 `\w` in a pattern stands for more characters elsewhere.
-- expect: 11:5 note PU804 `\s` in a pattern stands for more characters elsewhere.
-- expect: 12:5 note PU804 `\b` in a pattern is no boundary of a word in PostgreSQL.
-- expect: 13:5 note PU804 `[:digit:]` in a pattern is a class of these very letters on Spark.
-- expect: 14:5 note PU804 `\p` in a pattern fails in PostgreSQL.
-- expect: 15:5 note PU804 `\d` in a pattern stands for more characters elsewhere.
select
    regexp_replace(order_number, '\d', '', 'g') as digits,
    regexp_replace(order_number, '[^\w]', '', 'g') as letters,
    regexp_replace(order_number, '\s+', ' ', 'g') as blanks,
    regexp_extract(order_number, '\bA[0-9]+\b') as word,
    regexp_extract(order_number, '[[:digit:]]+') as class,
    regexp_extract(order_number, '\p{L}+') as script,
    regexp_extract_all(order_number, '\\\d') as behind_a_backslash
from {{ source('market', 'orders') }}
