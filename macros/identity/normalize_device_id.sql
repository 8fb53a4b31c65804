{% macro normalize_device_id(column, case='lower') -%}
{#- Zeros are what a phone gives whose owner allows no tracking: one value for millions of people. -#}
{%- set bare = without_blanks(column) -%}
case
    when regexp_matches({{ bare }}, '^[0-9A-Fa-f-]*[1-9A-Fa-f][0-9A-Fa-f-]*$') then {{ case }}({{ bare }})
end
{%- endmacro %}
