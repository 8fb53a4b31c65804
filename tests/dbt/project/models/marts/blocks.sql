{%- set items = names() -%}
select
    {{ plain('1.234') }} as a,
    {{- plain(column='1.234', places=1) }} as b,
    '{{ items[1] }} {{ items[2].c }} {{ items | length }}' as c,
    '{{ nothing() is none }} {{ early(2) + 1 }} {{ early(9) }} {{ outer() }}' as d,
    '{% call wrapped("p") %}x{% endcall %}' as e,
    '{% call(item, n) listed(["a", "b"]) %}{{ n }}{{ item }}{% endcall %}' as f,
    '{% call returning_caller() %}{{ return("returned") }}{% endcall %}' as g,
    '{{ ported(1) }} {{ shop.ported(2) }}' as h,
    '{{ asked() }} {{ of_model() }}' as i,
    {% for n in range(3) -%}
    {{ n }} as n{{ n }}{{ "," if not loop.last }}
    {% endfor %}
from {{ ref('shop', 'words') }}, {{ ref('stg_folder') }}
{#- a comment -#}
