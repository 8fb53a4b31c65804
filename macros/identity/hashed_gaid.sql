{% macro hashed_gaid(column) -%}
{{ sha256_hex('lower(trim(cast(' ~ column ~ ' as varchar)))') }}
{%- endmacro %}
