{% macro limited_data_use(state, states=none) -%}
{#- Unknown states count as covered by no law; name the states in the var, or give them here. -#}
{%- set states = states if states is not none else var('limited_data_use_states', []) -%}
{#- A text would be taken for its letters, and nobody's use would be limited. -#}
{%- if states is string -%}
    {{ exceptions.raise_compiler_error('limited_data_use_states must be a list, such as [CA, CO], not ' ~ states) }}
{%- endif -%}
{%- if states -%}
coalesce(upper(trim(cast({{ state }} as varchar))) in (
    {%- for one in states %}{{ ', ' if not loop.first }}'{{ one | upper | replace("'", "''") }}'{% endfor -%}
), false)
{%- else -%}
false
{%- endif -%}
{%- endmacro %}
