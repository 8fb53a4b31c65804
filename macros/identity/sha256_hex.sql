{% macro sha256_hex(expression) -%}
sha256(nullif(cast({{ expression }} as varchar), ''))
{%- endmacro %}
