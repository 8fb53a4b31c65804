{% macro hashed_email(column, state='raw', profile='events_2_0') -%}
{%- call digest_by_state(column, state) -%}
sha256({{ normalize_email(column, profile) }})
{%- endcall -%}
{%- endmacro %}
