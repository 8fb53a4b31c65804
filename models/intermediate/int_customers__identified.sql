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
        min(identity_rank) as identity_rank,
        count(*) as identities
    from hashed
    group by customer_id, kind, digest

),

ranked as (

    select
        customer_id,
        kind,
        digest,
        identities,
        digest is not null and row_number() over (
            partition by customer_id, kind
            order by case when digest is null then 1 else 0 end, identity_rank, digest
        ) <= {{ var('max_identities', 3) }} as is_sent
    from distinct_digests

),

final as (

    {#- What is left out goes here and not by a filter further up, which would hash everything
        twice. #}
    select
        customer_id,
        list_sort(list(digest) filter (where kind = 'email' and is_sent)) as emails,
        list_sort(list(digest) filter (where kind = 'phone' and is_sent)) as phones,
        cast(
            sum(case when digest is null then identities else 0 end) as integer
        ) as unusable_identities
    from ranked
    group by customer_id

)

select * from final
