-- payload: audience
select digest as email from {{ source('club', 'members') }}
where case lower(marketing_consent) when 'yes' then true when 'no' then false else false end
-- file: pusher.yml
consent: {column: marketing_consent}
