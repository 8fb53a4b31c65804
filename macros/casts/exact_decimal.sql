{% macro exact_decimal(column) -%}
{%- set text = 'trim(cast(' ~ column ~ ' as varchar))' -%}
{#- More than two places would be rounded in silence, so only zeros may follow them. -#}
case
    {#- noqa: PU804 because a line end behind a number makes no other number of it #}
    when regexp_matches({{ text }}, '^[+-]?[0-9]{1,9}([.][0-9]{1,2}0*)?$')
        then cast({{ text }} as decimal(18, 2))
end
{%- endmacro %}
