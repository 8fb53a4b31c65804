{% macro exact_decimal(column) -%}
{%- set text = 'trim(cast(' ~ column ~ ' as varchar))' -%}
{#- More than two places would be rounded in silence, so only zeros may follow them. -#}
case
    when regexp_matches({{ text }}, '^[+-]?[0-9]{1,9}([.][0-9]{1,2}0*)?$')
        then cast({{ text }} as decimal(18, 2))
end
{%- endmacro %}
