{% macro identity_steps(kind, column, country=none, state='raw') -%}
{#- `pusher explain` asks what a value becomes, step by step; the last step is what a model gets. Every
    step is a macro that the one of the models calls, so what it shows is what a build does. -#}
{%- set taken = [('a digest already, in lower case', hashed_external_id(column, 'sha256'))] -%}
{%- set steps = {
    'email': [
        ('without blanks and invisible characters', without_blanks(column)),
        ('one address, in lower case', normalize_email(column)),
        ('SHA-256', hashed_email(column, state)),
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
        ('without blanks around it, in upper case', 'upper(' ~ trimmed_id(column) ~ ')'),
        ('SHA-256', hashed_idfa(column, state)),
    ],
    'gaid': [
        ('without blanks around it, in lower case', 'lower(' ~ trimmed_id(column) ~ ')'),
        ('SHA-256', hashed_gaid(column, state)),
    ],
} -%}
{{ return(([] if state == 'raw' else taken) + steps[kind]) }}
{%- endmacro %}
