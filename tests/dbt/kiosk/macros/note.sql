{% macro note(model, what) -%}
insert into journal
select '{{ model }}', (select count(*) from journal where model = '{{ model }}'), {{ what }}
{%- endmacro %}

{% macro values_of(relation, column) %}
    {%- set found = run_query('select distinct ' ~ column ~ ' from ' ~ relation ~ ' order by 1') -%}
    {%- if execute -%}
        {{ return(found.columns[0].values()) }}
    {%- else -%}
        {{ return([]) }}
    {%- endif -%}
{% endmacro %}
