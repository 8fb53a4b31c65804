{% macro identity_profiles() -%}
{#- `pusher forget` makes the digests of a person in each of them. -#}
{{ return(['events_2_0', 'audience_2026', 'audience_2025_dots']) }}
{%- endmacro %}
