{% macro event_id(event) -%}
{#- TikTok counts the old and the new name as one event: renaming it must not give new ids. -#}
{%- set renamed = {'CompletePayment': 'Purchase', 'SubmitForm': 'Lead'} -%}
{%- set name = renamed.get(event, event) -%}
substr(sha256('v1' || '{{ name | length }}:{{ name }}'
{%- for column in varargs %}
    {%- set part = 'cast(' ~ column ~ ' as varchar)' %}
    || cast(length({{ part }}) as varchar) || ':' || {{ part }}
{%- endfor %}), 1, 32)
{%- endmacro %}
