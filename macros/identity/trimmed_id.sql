{% macro trimmed_id(column) -%}
trim(cast({{ column }} as varchar))
{%- endmacro %}
