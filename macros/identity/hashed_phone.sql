{% macro hashed_phone(column, country=none) -%}
{{ sha256_hex(normalize_phone(column, country)) }}
{%- endmacro %}
