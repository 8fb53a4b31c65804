{% macro hashed_email(column) -%}
{{ sha256_hex(normalize_email(column)) }}
{%- endmacro %}
