select (case when kind = 'x' then {'a': city, 'b': email} else {'a': kind, 'b': phone} end).a as description
from {{ ref('stg_customers') }}
