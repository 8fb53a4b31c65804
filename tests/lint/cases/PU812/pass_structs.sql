select
    order_id,
    list_transform(list_sort(list(struct_pack(line_no := line_no, sku := sku))), lambda line: line.sku) as skus,
    list(distinct {'a': sku}) as structs,
    list(sku) filter (where sku is not null) as members,
    string_agg(sku, ',' order by line_no) as text
from {{ source('market', 'order_items') }}
group by order_id
