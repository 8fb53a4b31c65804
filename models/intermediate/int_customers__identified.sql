{{ config(materialized='table', meta={'pusher': {'shard_by': 'customer_id'}}) }}

with identities as (

    select
        customer_id,
        kind,
        identity_rank,
        identity,
        country
    from {{ ref('stg_retail__identities') }}
    where customer_id is not null

),

hashed as (

    select
        customer_id,
        kind,
        identity_rank,
        case kind
            when 'email' then {{ hashed_email('identity') }}
            when 'phone' then {{ hashed_phone('identity', 'country') }}
        end as digest
    from identities

),

distinct_digests as (

    select
        customer_id,
        kind,
        digest,
        min(identity_rank) as identity_rank
    from hashed
    group by customer_id, kind, digest

),

ranked as (

    select
        customer_id,
        kind,
        digest,
        row_number() over (
            partition by customer_id, kind
            order by case when digest is null then 1 else 0 end, identity_rank, digest
        ) as position
    from distinct_digests

),

collected as (

    {#- Unusable identities go here and not by a filter further up, which would compute each digest twice. #}
    select
        customer_id,
        list_sort(list(digest) filter (where kind = 'email' and digest is not null)) as emails,
        list_sort(list(digest) filter (where kind = 'phone' and digest is not null)) as phones
    from ranked
    where position <= {{ var('max_identities', 3) }}
    group by customer_id

),

final as (

    select
        customer_id,
        emails,
        phones
    from collected
    where
        emails is not null
        or phones is not null

)

select * from final
