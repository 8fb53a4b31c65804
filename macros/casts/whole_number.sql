{% macro whole_number(column) -%}
{%- set text = 'trim(cast(' ~ column ~ ' as varchar))' -%}
case
    when regexp_matches({{ text }}, '^[+-]?[0-9]{1,6}([.]0+)?$')
        then cast(regexp_replace({{ text }}, '[.]0+$', '', 'g') as integer)
end
{%- endmacro %}
