{{ config(tags=['own']) }}
select
    names.currency,
    names.name,
    rates.amount,
    {{ converted('rates.amount') }} as converted,
    {{ label('names.name') }} as label,
    '{{ var("currency") }}' as currency_of_the_rules
from {{ ref('currency_names') }} as names
inner join {{ ref('rates') }} as rates on rates.currency = names.currency
