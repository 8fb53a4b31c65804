select sha256(digest) as event_id
from (select sha256(lower(trim(email))) as digest from {{ ref('stg_customers') }}) as digests
