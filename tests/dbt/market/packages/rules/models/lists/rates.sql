select 'EUR' as currency, 1 as amount
union all
select 'CHF' as currency, 3 as amount
