{%- set kinds = values_of(ref('sales'), 'kind') -%}
select
    cast(sold_at as date) as day,
    {%- for kind in kinds %}
    sum(amount) filter (where kind = '{{ kind | replace("'", "''") }}') as kind_{{ loop.index }},
    {%- endfor %}
    sum(amount) as total
from {{ ref('sales') }}
group by all
