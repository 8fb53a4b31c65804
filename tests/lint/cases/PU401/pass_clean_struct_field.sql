select packed.b as description, packed['b'] as brand, struct_extract(packed, 'b') as shop_id
from (select {'a': email, 'b': city} as packed from {{ ref('stg_customers') }}) as s
