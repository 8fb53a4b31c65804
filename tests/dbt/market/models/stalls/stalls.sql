select
    currency,
    {{ rules.shorten('name') }} as short_name,
    {{ rules.longer('name') }} as longer_name,
    {{ rules.label('name') }} as label_of_the_rules,
    {{ label('name') }} as label_of_the_market,
    {{ rules.converted('amount') }} as converted,
    '{{ var("currency") }}' as currency_of_the_market
from {{ ref('rules', 'currencies') }}
