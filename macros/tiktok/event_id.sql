{% macro event_id(event) -%}
{#- TikTok counts the old and the new name as one event, so a rename in the model must not give new ids. -#}
{%- set renamed = {'CompletePayment': 'Purchase', 'SubmitForm': 'Lead'} -%}
{%- set name = renamed.get(event, event) -%}
substr(sha256('v1' || '{{ name | length }}:{{ name }}'
{%- for column in varargs %}
    || cast(length(cast({{ column }} as varchar)) as varchar) || ':' || cast({{ column }} as varchar)
{%- endfor %}), 1, 32)
{%- endmacro %}
