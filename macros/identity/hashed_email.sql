{% macro hashed_email(column, state='raw') -%}
{%- call digest_by_state(column, state) -%}
sha256({{ normalize_email(column) }})
{%- endcall -%}
{%- endmacro %}
