{% macro identity_steps(kind, column, country=none, state='raw', profile='events_2_0') -%}
{#- `pusher explain` asks what a value becomes, step by step; the last step is what a model gets. Every
    step is a macro that the one of the models calls, so what it shows is what a build does. -#}
{%- set taken = [('a digest already, in lower case', hashed_external_id(column, 'sha256'))] -%}
{%- set is_audience = profile != 'events_2_0' -%}
{%- set undotted = [('without dots and +tag before the @', normalize_email(column, profile))] -%}
{%- set idfa_case = idfa_case(profile) -%}
{%- set device = 'a device, without blanks, in {} case'.format -%}
{%- set steps = {
    'email': [
        ('without blanks and invisible characters', without_blanks(column)),
        ('one address, in lower case', normalize_email(column)),
    ] + (undotted if profile == 'audience_2025_dots' else []) + [
        ('SHA-256', hashed_email(column, state, profile)),
    ],
    'phone': [
        ('in international form, E.164', normalize_phone(column, country)),
        ('SHA-256', hashed_phone(column, country, state)),
    ],
    'external_id': [
        ('without blanks around it', trimmed_id(column)),
        ('SHA-256', hashed_external_id(column, state)),
    ],
    'idfa': [
        (device(idfa_case), normalize_device_id(column, idfa_case)) if is_audience
        else ('without blanks around it, in upper case', 'upper(' ~ trimmed_id(column) ~ ')'),
        ('SHA-256', hashed_idfa(column, state, profile)),
    ],
    'gaid': [
        (device('lower'), normalize_device_id(column, 'lower')) if is_audience
        else ('without blanks around it, in lower case', 'lower(' ~ trimmed_id(column) ~ ')'),
        ('SHA-256', hashed_gaid(column, state, profile)),
    ],
} -%}
{{ return(([] if state == 'raw' else taken) + steps[kind]) }}
{%- endmacro %}
