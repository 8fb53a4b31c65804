-- expect: 3:26 warning PU001 The suppression names PU499, and there is no such rule.
select
    email as description -- noqa: PU499, PU401 because the canary reads it
from {{ ref('stg_customers') }}
