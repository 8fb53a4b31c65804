-- expect: 3:14 error PU402 `description`, `brand` come through PIVOT, which cannot be followed and may hold a raw e-mail address.
select work as description, city as brand
from (select city, kind, email from {{ ref('stg_customers') }})
pivot (max(email) for kind in ('work', 'home'))
