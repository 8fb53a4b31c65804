-- payload: audience
select digest as email from {{ source('club', 'members') }} group by digest having sum(case when marketing_consent = 'yes' then 1 else 0 end) > 0
-- file: pusher.yml
consent: {column: marketing_consent}
