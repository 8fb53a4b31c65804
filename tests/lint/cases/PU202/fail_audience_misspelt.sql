-- expect: 4:39 error PU202 `emial` is not a column of audience; it is not sent.
-- expect: 4:70 warning PU202 `segment` is not a column of audience; it is not sent.
-- payload: audience
select sha256(lower(email)) as email, sha256(lower(email)) as emial, city as segment from {{ ref('stg_customers') }}
