-- expect: 2:21 warning PU415 `email` hashes an address without its dots, those of its domain too: it matches nobody.
select sha256(lower(replace(trim(email), '.', ''))) as email from {{ ref('stg_customers') }}
