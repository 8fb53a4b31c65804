{% macro hashed_gaid(column, state='raw', profile='events_2_0') -%}
{%- call digest_by_state(column, state) -%}
{%- if known_profile(profile) == 'events_2_0' -%}
{{ sha256_hex('lower(' ~ trimmed_id(column) ~ ')') }}
{%- else -%}
sha256({{ normalize_device_id(column, 'lower') }})
{%- endif -%}
{%- endcall -%}
{%- endmacro %}
