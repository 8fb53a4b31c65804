{% set columns = adapter.get_columns_in_relation(ref('bills')) %}
select
    {% for column in columns -%}
    '{{ column.name }} {{ column.column }} {{ column.is_string() }} {{ column.is_integer() }}' as {{ adapter.quote(column.name) }},
    {% endfor -%}
    {{ columns | length }} as columns
