-- expect: 6:5 note PU806 `%g` in the format of a time gives something else elsewhere, or fails.
-- expect: 7:5 note PU806 `%p` in the format of a time gives something else elsewhere, or fails.
-- expect: 8:5 note PU806 `%j` in the format of a time gives something else elsewhere, or fails.
-- expect: 9:5 note PU806 `%c` in the format of a time gives something else elsewhere, or fails.
select
    strftime(placed_at, '%g') as milliseconds,
    strftime(placed_at, '%-I %p') as hour,
    strftime(placed_at, '%j') as day,
    strptime(order_number, '%c') as moment
from {{ source('market', 'orders') }}
