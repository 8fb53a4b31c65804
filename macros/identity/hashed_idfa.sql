{% macro hashed_idfa(column) -%}
{{ sha256_hex('upper(trim(cast(' ~ column ~ ' as varchar)))') }}
{%- endmacro %}
