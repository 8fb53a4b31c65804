with reachable as (
    select * from {{ ref('stg_customers') }} where regexp_matches(phone, '^[0-9]+$')
)
select sha256(number) as phone from (select concat('+1', trim(phone)) as number from reachable) as numbers
