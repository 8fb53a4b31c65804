select
    strftime(placed_at, '%Y-%m-%d') || 'T' || strftime(placed_at, '%H:%M:%S.%f') || 'Z' as moment,
    strftime(placed_at, '%-d. %B %Y, %A, 100 %%') as day,
    strptime(order_number, '%Y%m%d') as from_text
from {{ source('market', 'orders') }}
