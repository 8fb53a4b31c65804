select sha256(lower(coalesce(email, contact_email))) as email
from (select email, emails[1] as contact_email from {{ ref('stg_customers') }}) as c
