select sha256('+49' || regexp_replace(regexp_replace(phone, '[^0-9]', '', 'g'), '^0+', '')) as phone,
       sha256(lower(regexp_replace(email, '[ .]+$', ''))) as email
from {{ ref('stg_customers') }}
