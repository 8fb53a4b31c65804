select
    cast(epoch(date_trunc('second', placed_at)) as bigint) as seconds,
    epoch(cast(placed_at as date)) as day,
    extract(year from placed_at) as year,
    date_part('month', placed_at) as month
from {{ source('market', 'orders') }}
