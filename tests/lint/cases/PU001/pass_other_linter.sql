select city as description -- noqa: RF01
from {{ ref('stg_customers') }}
