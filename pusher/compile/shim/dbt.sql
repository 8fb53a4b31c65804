{# The cross-database macros of dbt that most projects use, as dbt-duckdb carries them out. #}

{% macro type_string() %}TEXT{% endmacro %}
{% macro type_numeric() %}numeric(28,6){% endmacro %}
{% macro type_timestamp() %}timestamp{% endmacro %}
{% macro type_int() %}integer{% endmacro %}
{% macro type_bigint() %}bigint{% endmacro %}
{% macro type_float() %}float{% endmacro %}
{% macro type_boolean() %}boolean{% endmacro %}

{% macro dateadd(datepart, interval, from_date_or_timestamp) -%}
({{ from_date_or_timestamp }} + cast({{ interval }} as bigint) * interval 1 {{ datepart }})
{%- endmacro %}

{% macro datediff(first_date, second_date, datepart) -%}
(date_diff('{{ datepart }}', {{ first_date }}::timestamp, {{ second_date }}::timestamp ))
{%- endmacro %}

{% macro date_trunc(datepart, date) -%}
date_trunc('{{ datepart }}', {{ date }})
{%- endmacro %}

{% macro last_day(date, datepart) -%}
cast({{ dateadd('day', '-1', dateadd(datepart, '1', date_trunc(datepart, date))) }} as date)
{%- endmacro %}

{% macro date(year, month, day) -%}
make_date({{ year }}, {{ month }}, {{ day }})
{%- endmacro %}

{% macro current_timestamp() %}now(){% endmacro %}

{% macro concat(fields) %}{{ fields | join(' || ') }}{% endmacro %}

{% macro hash(field) %}md5(cast({{ field }} as TEXT)){% endmacro %}

{% macro cast(field, type) %}cast({{ field }} as {{ type }}){% endmacro %}

{% macro safe_cast(field, type) %}cast({{ field }} as {{ type }}){% endmacro %}

{% macro cast_bool_to_text(field) %}cast({{ field }} as TEXT){% endmacro %}

{% macro split_part(string_text, delimiter_text, part_number) -%}
string_split({{ string_text }}, {{ delimiter_text }})[ {{ part_number }} ]
{%- endmacro %}

{% macro escape_single_quotes(expression) %}{{ expression | replace("'", "''") }}{% endmacro %}

{% macro string_literal(value) %}'{{ value }}'{% endmacro %}

{% macro length(expression) %}length( {{ expression }} ){% endmacro %}

{% macro replace(field, old_chars, new_chars) %}replace( {{ field }}, {{ old_chars }}, {{ new_chars }} ){% endmacro %}

{% macro right(string_text, length_expression) %}right( {{ string_text }}, {{ length_expression }} ){% endmacro %}

{% macro position(substring_text, string_text) %}position( {{ substring_text }} in {{ string_text }} ){% endmacro %}

{% macro any_value(expression) %}arbitrary({{ expression }}){% endmacro %}

{% macro bool_or(expression) %}bool_or({{ expression }}){% endmacro %}

{% macro listagg(measure, delimiter_text="','", order_by_clause=none, limit_num=none) -%}
{%- if limit_num is none -%}
string_agg( {{ measure }}, {{ delimiter_text }} {{ order_by_clause or '' }} )
{%- else -%}
list_aggr( (array_agg( {{ measure }} {{ order_by_clause or '' }} ))[1:{{ limit_num }}], 'string_agg', {{ delimiter_text }} )
{%- endif -%}
{%- endmacro %}

{% macro except() %}except{% endmacro %}

{% macro intersect() %}intersect{% endmacro %}

{% macro default__generate_schema_name(custom_schema_name=none, node=none) -%}
    {%- if custom_schema_name is none -%} {{ target.schema }}
    {%- else -%} {{ target.schema }}_{{ custom_schema_name | trim }}
    {%- endif -%}
{%- endmacro %}

{% macro generate_schema_name_for_env(custom_schema_name, node) -%}
    {%- if target.name == 'prod' and custom_schema_name is not none -%} {{ custom_schema_name | trim }}
    {%- else -%} {{ target.schema }}
    {%- endif -%}
{%- endmacro %}

{% macro default__generate_alias_name(custom_alias_name=none, node=none) -%}
    {{ (custom_alias_name or node.name) | trim }}
{%- endmacro %}
