with joined as (
    select city, string_agg(sha256(lower(trim(email))), ',' order by email) as digests from {{ ref('stg_customers') }}
    group by city
)
select string_split(digests, ',') as email from joined
union all
select [split_part(digests, ',', 1), '' || sha256(city)] from joined
