-- expect: 4:5 error PU205 `emails` gives `email` a second time.
select
    sha256(lower(email)) as email,
    sha256(lower(contact.email)) as emails
from {{ ref('stg_customers') }}
