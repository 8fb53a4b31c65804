-- expect: 2:8 warning PU409 `email` can be the hash of the text '', one for all such rows.
select sha256(coalesce(lower(trim(email)), '')) as email from {{ ref('stg_customers') }}
