-- expect: 3:26 warning PU001 The suppression of PU401 gives no reason, so it has no effect.
select
    email as description -- noqa: PU401
from {{ ref('stg_customers') }}
