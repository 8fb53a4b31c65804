{% macro hashed_email(column) -%}
sha256({{ normalize_email(column) }})
{%- endmacro %}
