{% macro digest_by_state(column, state) -%}
{#- What is 64 hexadecimal digits but for blanks around it is a digest; no address and no number is. -#}
{%- set blank = '[' ~ blank_characters() ~ ']+' -%}
{%- set bare -%}
regexp_replace(cast({{ column }} as varchar), '^{{ blank }}|{{ blank }}$', '', 'g')
{%- endset -%}
{%- set given -%}
when regexp_matches({{ bare }}, '^[0-9A-Fa-f]{64}$') then lower({{ bare }})
{%- endset -%}
{%- if state == 'raw' -%}
{{ caller() }}
{%- elif state == 'sha256' -%}
case {{ given }} end
{%- elif state == 'auto' -%}
case
    {{ given }}
    else {{ caller() }}
end
{%- else -%}
{{ exceptions.raise_compiler_error("The state of an identifier is raw, sha256 or auto, not `" ~ state ~ "`.") }}
{%- endif -%}
{%- endmacro %}
