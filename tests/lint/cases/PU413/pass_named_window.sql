-- payload: audience
select digest as email from {{ source('club', 'members') }} window w as (partition by digest) qualify bool_and(coalesce(marketing_consent = 'yes', false)) over w
-- file: pusher.yml
consent: {column: marketing_consent}
