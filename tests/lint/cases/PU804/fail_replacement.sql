-- expect: 5:5 note PU804 `\1` in a replacement is a group on one engine and a text on another.
-- expect: 6:5 note PU804 `$1` in a replacement is a group on one engine and a text on another.
-- expect: 7:5 note PU804 `\0` in a replacement is a group on one engine and a text on another.
select
    regexp_replace(order_number, '([0-9]+)[.]', '\1', 'g') as whole,
    regexp_replace(order_number, 'EUR', '$1', 'g') as price,
    regexp_replace(order_number, '[0-9]+', '<\0>', 'g') as marked
from {{ source('market', 'orders') }}
