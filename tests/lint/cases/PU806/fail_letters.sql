-- expect: 5:5 note PU806 `T` in the format of a time is read as a part of it elsewhere.
-- expect: 6:5 note PU806 `Q` in the format of a time is read as a part of it elsewhere.
-- expect: 7:5 note PU806 `o` in the format of a time is read as a part of it elsewhere.
select
    strftime(placed_at, '%Y-%m-%dT%H:%M:%SZ') as moment,
    strftime(placed_at, '%Y Q%m') as quarter,
    strftime('%H o''clock', placed_at) as hour
from {{ source('market', 'orders') }}
