{% macro whole_number(column) -%}
{%- set text = 'trim(cast(' ~ column ~ ' as varchar))' -%}
case
    {#- noqa: PU804 because a line end behind a number makes no other number of it #}
    when regexp_matches({{ text }}, '^[+-]?[0-9]{1,6}([.]0+)?$')
        {#- noqa: PU804 because a line end behind a number makes no other number of it #}
        then cast(regexp_replace({{ text }}, '[.]0+$', '', 'g') as integer)
end
{%- endmacro %}
