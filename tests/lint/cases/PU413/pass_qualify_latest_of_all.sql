-- payload: audience
select digest as email from {{ source('club', 'members') }}
qualify last_value(marketing_consent) over (partition by id order by changed_at) = 'yes'
-- file: pusher.yml
consent: {column: marketing_consent}
