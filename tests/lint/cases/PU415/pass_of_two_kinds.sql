with identities as (
    select 'email' as kind, email as identity from {{ ref('stg_customers') }}
    union all
    select 'phone' as kind, phone as identity from {{ ref('stg_customers') }}
),
hashed as (
    select kind, case kind
        when 'email' then sha256(lower(trim(identity)))
        when 'phone' then sha256(replace(replace(identity, '.', ''), ' ', ''))
    end as digest
    from identities
)
select digest as email from hashed where kind = 'email'
