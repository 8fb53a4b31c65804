{% macro generate_schema_name(custom_schema_name, node) -%}
    {%- if node.resource_type == 'seed' -%} {{ custom_schema_name }}
    {%- elif node.fqn[1] == 'staging' -%} {{ target.schema }}_{{ node.fqn[1] }}
    {%- else -%} {{ default__generate_schema_name(custom_schema_name, node) }}
    {%- endif -%}
{%- endmacro %}

{% macro generate_alias_name(custom_alias_name=none, node=none) -%}
    {%- if node.config.materialized == 'table' and node.name == 'guests' -%} people
    {%- else -%} {{ default__generate_alias_name(custom_alias_name, node) }}
    {%- endif -%}
{%- endmacro %}
