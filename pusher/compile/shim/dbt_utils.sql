{# The macros of the package dbt_utils that most projects use and that need no warehouse while they render. #}

{% macro generate_surrogate_key(field_list) -%}
{%- set nothing = '' if var('surrogate_key_treat_nulls_as_empty_strings', false) else '_dbt_utils_surrogate_key_null_' -%}
{%- set key -%}
{%- for field in field_list -%}
coalesce(cast({{ field }} as TEXT), '{{ nothing }}'){{ " || '-' || " if not loop.last }}
{%- endfor -%}
{%- endset -%}
md5(cast({{ key }} as TEXT))
{%- endmacro %}

{% macro group_by(n) -%}
group by {% for number in range(1, n + 1) %}{{ number }}{{ "," if not loop.last }}{% endfor %}
{%- endmacro %}

{% macro safe_divide(numerator, denominator) -%}
( {{ numerator }} ) / nullif( ( {{ denominator }} ), 0)
{%- endmacro %}

{% macro date_spine(datepart, start_date, end_date) %}
select date_{{ datepart }}
from (
    select unnest(
        generate_series(cast({{ start_date }} as timestamp), cast({{ end_date }} as timestamp), interval 1 {{ datepart }})
    ) as date_{{ datepart }}
) as spine
where date_{{ datepart }} < cast({{ end_date }} as timestamp)
{% endmacro %}

{% macro pivot(
    column, values, alias=true, agg='sum', cmp='=', prefix='', suffix='', then_value=1, else_value=0,
    quote_identifiers=true, distinct=false
) -%}
{%- for value in values %}
{{ agg }}({{ 'distinct ' if distinct }}case when {{ column }} {{ cmp }} '{{ value | string | replace("'", "''") }}' then {{ then_value }} else {{ else_value }} end)
{%- if alias %} as {{ '"' ~ (prefix ~ value ~ suffix) | replace('"', '""') ~ '"' if quote_identifiers else slugify(prefix ~ value ~ suffix) }}{% endif %}
{{- "," if not loop.last }}
{%- endfor %}
{%- endmacro %}
