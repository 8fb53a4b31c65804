-- payload: audience
with a as (
    with b as (
        with c as (select * from {{ source('club', 'members') }})
        select * exclude (country) from c where lower(marketing_consent) like 'yes'
    )
    select digest, phone_digest from b
)
select digest as email, phone_digest as phone from a
-- file: pusher.yml
consent: {column: marketing_consent}
