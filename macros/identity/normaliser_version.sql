{% macro normaliser_version() -%}
2026-11
{%- endmacro %}
