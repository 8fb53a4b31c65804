{% macro hashed_idfa(column, state='raw', profile='events_2_0') -%}
{%- call digest_by_state(column, state) -%}
{%- if known_profile(profile) == 'events_2_0' -%}
{{ sha256_hex('upper(' ~ trimmed_id(column) ~ ')') }}
{%- else -%}
sha256({{ normalize_device_id(column, idfa_case(profile)) }})
{%- endif -%}
{%- endcall -%}
{%- endmacro %}
