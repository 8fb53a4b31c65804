{{ config(materialized='table', meta={'pusher': {'shard_by': 'customer_id'}}) }}

{%- set profile = audience_profile() %}
{%- set most = var('max_audience_identities', 10) %}

with identifiers as (

    select
        customer_id,
        kind,
        identity_rank,
        identity,
        country
    from {{ ref('stg_retail__identities') }}
    where customer_id is not null

    union all

    select
        customer_id,
        kind,
        1 as identity_rank,
        device_id as identity,
        cast(null as varchar) as country
    from {{ ref('stg_retail__devices') }}
    where customer_id is not null

),

hashed as (

    select
        customer_id,
        kind,
        identity_rank,
        case kind
            when 'email' then {{ hashed_email('identity', profile=profile) }}
            when 'phone' then {{ hashed_phone('identity', 'country') }}
            when 'idfa' then {{ hashed_idfa('identity', profile=profile) }}
            when 'aaid' then {{ hashed_gaid('identity', profile=profile) }}
        end as digest
    from identifiers

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

    {#- The best is the first that can be used: the account's address before the loyalty card's, the
        mobile number before the land line, and of two of one rank the smaller digest, always. #}
    select
        customer_id,
        kind,
        digest,
        row_number() over (
            partition by customer_id, kind
            order by case when digest is null then 1 else 0 end, identity_rank, digest
        ) as place
    from distinct_digests

),

final as (

    {#- What is left out goes here and not by a filter further up, which would hash everything
        twice. #}
    select
        customer_id,
        min(digest) filter (where kind = 'email' and place = 1) as best_email,
        min(digest) filter (where kind = 'phone' and place = 1) as best_phone,
        {%- for kind, name in (('email', 'emails'), ('phone', 'phones'), ('idfa', 'idfas'), ('aaid', 'aaids')) %}
        list_sort(
            list(digest) filter (where kind = '{{ kind }}' and place <= {{ most }} and digest is not null)
        ) as {{ name }}{{ ',' if not loop.last }}
        {%- endfor %}
    from ranked
    group by customer_id

)

select * from final
