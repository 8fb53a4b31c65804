{% macro hashed_phone(column, country=none) -%}
sha256({{ normalize_phone(column, country) }})
{%- endmacro %}
