-- payload: audience
with h as (select member_id, marketing_consent, answered_at from {{ source('club', 'answers') }} union all select id, marketing_consent = 'yes', changed_at from {{ source('club', 'members') }}),
l as (select * from h qualify rank() over (partition by member_id order by answered_at desc) = 1)
select c.digest as email from {{ source('club', 'cards') }} c join l using (member_id) where l.marketing_consent
-- file: pusher.yml
consent: {column: marketing_consent}
