{% macro known_profile(profile) -%}
{#- What a profile is stands in the macros that take one: normalize_email() and normalize_device_id(). -#}
{%- if profile not in identity_profiles() -%}
    {{ exceptions.raise_compiler_error(
        'An identity profile is events_2_0, audience_2026 or audience_2025_dots, not ' ~ profile
    ) }}
{%- endif -%}
{{ return(profile) }}
{%- endmacro %}

{% macro audience_profile() -%}
{%- set profile = var('audience_profile', 'audience_2026') -%}
{%- if profile == 'events_2_0' -%}
    {{ exceptions.raise_compiler_error('audience_profile must be that of an audience, not events_2_0') }}
{%- endif -%}
{{ return(known_profile(profile)) }}
{%- endmacro %}

{% macro idfa_case(profile) -%}
{%- set case = 'upper' if profile == 'events_2_0' else var('audience_idfa_case', 'lower') -%}
{%- if case not in ('upper', 'lower') -%}
    {{ exceptions.raise_compiler_error('audience_idfa_case must be upper or lower, not ' ~ case) }}
{%- endif -%}
{{ return(case) }}
{%- endmacro %}
