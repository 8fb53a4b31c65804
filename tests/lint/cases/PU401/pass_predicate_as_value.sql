select email is not null as description, length(phone) as num_items, regexp_matches(email, '@') as brand
from {{ ref('stg_customers') }}
