-- expect: 3:83 error PU413 The anti join with `ok` does not leave out all of people who did not agree: `email` of them may leave.
-- payload: audience
select m.digest as email from {{ source('club', 'members') }} m anti join (select id from {{ source('club', 'members') }} where marketing_consent = 'yes') ok on ok.id = m.id
-- file: pusher.yml
consent: {column: marketing_consent}
