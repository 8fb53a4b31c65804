select order_id
from {{ source('market', 'orders') }}
where order_number like '%!_old' escape '!' or order_number like '%\%' escape '\' or order_number like 'a_%'
