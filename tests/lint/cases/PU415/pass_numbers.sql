with digits as (
    select
        regexp_replace(phone, '[^0-9]', '', 'g') as number,
        phone,
        city
    from {{ ref('stg_customers') }}
)
select sha256('+' || number) as phone from digits
union all
select sha256(case when city = 'Berlin' then '+49' || number else '+44' || number end) from digits
union all
select sha256(regexp_replace(number, '^0', '+49')) from digits
union all
select sha256(format('+{}', number)) from digits
union all
select sha256(city || number) from digits
union all
select sha256(regexp_replace(phone, '[^0-9+]', '', 'g')) from digits where left(phone, 8) <> '+0000000'
