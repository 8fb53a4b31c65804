{% macro hashed_phone(column, country=none, state='raw') -%}
{%- call digest_by_state(column, state) -%}
sha256({{ normalize_phone(column, country) }})
{%- endcall -%}
{%- endmacro %}
