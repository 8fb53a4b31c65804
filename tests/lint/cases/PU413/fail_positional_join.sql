-- expect: 3:90 error PU413 Nothing says that rows of `m` are of the same person: `email` of people who did not agree may leave.
-- payload: audience
select c.digest as email from {{ source('club', 'cards') }} as c positional join (select id from {{ source('club', 'members') }} where marketing_consent = 'yes') as m
-- file: pusher.yml
consent: {column: marketing_consent}
