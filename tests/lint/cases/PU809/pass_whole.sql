select
    cast(floor(avg(quantity)) as integer) as average,
    cast(round(cast(sum(quantity) / 3 as decimal(18, 4))) as bigint) as third,
    cast(sum(quantity) as integer) as whole,
    cast(cast(min(sku) as decimal(18, 0)) as bigint) as places,
    cast(cast(min(sku) as decimal(18)) as bigint) as no_places,
    cast(avg(quantity) as decimal(9, 2)) as decimal,
    cast('1.5' as integer) as text
from {{ source('market', 'order_items') }}
