select
    email as description -- noqa: PU401 because this case is about the comment
from {{ ref('stg_customers') }}
