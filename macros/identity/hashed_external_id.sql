{% macro hashed_external_id(column, state='raw') -%}
{%- call digest_by_state(column, state) -%}
{{ sha256_hex(trimmed_id(column)) }}
{%- endcall -%}
{%- endmacro %}
