-- payload: audience
with recursive tree as (
    select id, digest from {{ source('club', 'members') }} where marketing_consent = 'yes'
    union all
    select t.id, t.digest from tree as t where t.id is null
)
select digest as email from tree
-- file: pusher.yml
consent: {column: marketing_consent}
