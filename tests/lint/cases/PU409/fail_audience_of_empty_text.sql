-- expect: 3:8 warning PU409 `email` can be the hash of the text '', one for all such rows.
-- payload: audience
select sha256(coalesce(lower(email), '')) as email from {{ ref('stg_customers') }}
