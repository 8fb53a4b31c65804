-- expect: 3:14 error PU402 `description` comes through UNPIVOT, which cannot be followed and may hold a raw e-mail address or phone number.
select address as description
from (select email, phone from {{ ref('stg_customers') }})
unpivot (address for which in (email, phone))
