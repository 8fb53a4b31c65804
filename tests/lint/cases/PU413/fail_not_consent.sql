-- expect: 3:142 error PU413 `NOT a.marketing_consent` lets through people who answered otherwise: `email` of them may leave.
-- payload: audience
select m.digest as email from {{ source('club', 'members') }} as m join {{ source('club', 'answers') }} as a on a.member_id = m.id where not a.marketing_consent
-- file: pusher.yml
consent: {column: marketing_consent}
