{% macro hashed_gaid(column, state='raw') -%}
{%- call digest_by_state(column, state) -%}
{{ sha256_hex('lower(' ~ trimmed_id(column) ~ ')') }}
{%- endcall -%}
{%- endmacro %}
