select
    order_id,
    strftime(placed_at, '%A') as day,
    extract(isodow from placed_at) as number,
    extract(week from placed_at) as week,
    cast(floor(date_part('minute', placed_at)) as integer) as minute,
    placed_at + interval '1' day as next_day,
    substr(order_number, 1, 3) as first,
    substr(order_number, length(order_number) - 2) as last,
    length(order_number) as letters,
    list_sort(list_distinct([order_id, order_number])) as both
from {{ source('market', 'orders') }}
where strpos(order_number, 'x') > 0 or starts_with(order_number, 'y')
