{% macro hashed_external_id(column) -%}
{{ sha256_hex('trim(cast(' ~ column ~ ' as varchar))') }}
{%- endmacro %}
