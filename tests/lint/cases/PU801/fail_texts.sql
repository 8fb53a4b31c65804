-- expect: 13:5 note PU801 substr() of a start before the first letter gives another part of the text elsewhere.
-- expect: 14:15 note PU801 substr() of a start before the first letter gives another part of the text elsewhere.
-- expect: 15:5 note PU801 format() leaves `{}` in the text elsewhere.
-- expect: 16:5 note PU801 strip_accents() is missing elsewhere.
-- expect: 17:5 note PU801 strlen() is missing elsewhere.
-- expect: 20:5 note PU801 contains() is missing in PostgreSQL.
-- expect: 20:36 note PU801 prefix() is missing elsewhere.
-- expect: 20:65 note PU801 GLOB is missing elsewhere.
-- expect: 21:8 note PU801 SIMILAR TO reads a regular expression, elsewhere a pattern in which a dot is a dot.
-- expect: 21:41 note PU801 regexp_full_match() is missing elsewhere.
select
    order_id,
    substr(order_number, 0, 3) as first,
    substring(order_number, -2) as last,
    format('{}-{}', order_id, currency) as both,
    strip_accents(order_number) as plain,
    strlen(order_number) as bytes
from {{ source('market', 'orders') }}
where
    contains(order_number, 'x') or prefix(order_number, 'y') or order_number glob 'z*'
    or order_number similar to 'a.*' or regexp_full_match(order_number, 'b+')
