-- expect: 2:8 error PU409 `email` is the hash of the text 'email', one for all such rows.
select sha256('email') as email from {{ ref('stg_customers') }}
