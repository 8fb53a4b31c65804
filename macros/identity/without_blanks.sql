{% macro without_blanks(column) -%}
regexp_replace(cast({{ column }} as varchar), '[{{ blank_characters() }}]', '', 'g')
{%- endmacro %}
