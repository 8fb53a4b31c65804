select
    {# noqa: PU401, PU202 because this case is about the comment #}
    email as description
from {{ ref('stg_customers') }}
