select sha256(lower(address)) as email, sha256(trim(number)) as phone
from (select trim(email) as address, replace(phone, ' ', '') as number from {{ ref('stg_customers') }}) as customers
