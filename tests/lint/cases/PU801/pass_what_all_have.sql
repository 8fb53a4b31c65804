select
    order_id,
    strftime(placed_at, '%A') as day,
    date_diff('day', cast(date_trunc('week', placed_at) as date), cast(placed_at as date)) + 1 as number,
    extract(week from placed_at) as week,
    date_part('minute', placed_at) as minute,
    cast(floor(date_part('hour', placed_at)) as integer) as hour,
    date_trunc('day', placed_at) as midnight,
    date_trunc('month', cast(placed_at as date)) as month,
    log10(total) as log,
    trunc(total) as cut,
    placed_at + interval '1' day as next_day,
    substr(order_number, 1, 3) as first,
    substr(order_number, length(order_number) - 2) as last,
    length(order_number) as letters,
    list_sort(list_distinct([order_id, order_number])) as both
from {{ source('market', 'orders') }}
where strpos(order_number, 'x') > 0 or starts_with(order_number, 'y')
