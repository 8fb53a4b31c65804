{% macro normaliser_version() -%}
2026-11-28
{%- endmacro %}
