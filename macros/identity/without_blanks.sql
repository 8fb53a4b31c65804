{% macro without_blanks(column) -%}
{#- noqa: PU804 because the class names all other blanks too -#}
regexp_replace(cast({{ column }} as varchar), '[{{ blank_characters() }}]', '', 'g')
{%- endmacro %}
