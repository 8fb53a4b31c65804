{% macro hashed_idfa(column, state='raw') -%}
{%- call digest_by_state(column, state) -%}
{{ sha256_hex('upper(' ~ trimmed_id(column) ~ ')') }}
{%- endcall -%}
{%- endmacro %}
