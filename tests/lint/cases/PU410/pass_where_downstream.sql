with numbers as (select concat('+1', trim(phone)) as number from {{ ref('stg_customers') }})
select sha256(number) as phone from numbers where length(number) > 5
