select
    regexp_replace(order_number, '[€]', '$ ', 'g') as price,
    regexp_replace(order_number, '\\d', 'd', 'g') as backslash
from {{ source('market', 'orders') }}
where
    regexp_matches(replace(order_number, chr(10), ' '), '^[0-9]+$')
    or regexp_matches(regexp_replace(order_number, '[ \n]', '', 'g'), '^[0-9]+$')
    or regexp_matches(order_number, '[0-9]\$|a$b')
    or order_number = '^\d$'
