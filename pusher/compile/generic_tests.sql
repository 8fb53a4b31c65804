{# The generic tests that every project has, with the names, arguments and verdicts that dbt gives them. #}

{% test not_null(model, column_name) %}
select {{ '*' if config.get('store_failures') else column_name }}
from {{ model }}
where {{ column_name }} is null
{% endtest %}

{% test unique(model, column_name) %}
select
    {{ column_name }} as unique_field,
    count(*) as n_records
from {{ model }}
where {{ column_name }} is not null
group by {{ column_name }}
having count(*) > 1
{% endtest %}

{% test accepted_values(model, column_name, values, quote=true) %}
with found as (
    select
        {{ column_name }} as value_field,
        count(*) as n_records
    from {{ model }}
    group by {{ column_name }}
)

select *
from found
where value_field not in (
    {%- for value in values %}
    {{ "'" ~ value ~ "'" if quote else value }}{{ "," if not loop.last }}
    {%- endfor %}
)
{% endtest %}

{% test relationships(model, column_name, to, field) %}
with child as (
    select {{ column_name }} as from_field
    from {{ model }}
    where {{ column_name }} is not null
),

parent as (
    select {{ field }} as to_field
    from {{ to }}
)

select child.from_field
from child
left join parent on parent.to_field = child.from_field
where parent.to_field is null
{% endtest %}

{% test dbt_utils__unique_combination_of_columns(model, combination_of_columns, quote_columns=false) %}
{%- set columns -%}
{%- for column in combination_of_columns -%}
{{ '"' ~ column ~ '"' if quote_columns else column }}{{ ", " if not loop.last }}
{%- endfor -%}
{%- endset %}
select {{ columns }}
from {{ model }}
group by {{ columns }}
having count(*) > 1
{% endtest %}

{% test dbt_utils__expression_is_true(model, expression, column_name=none) %}
select {{ '*' if config.get('store_failures') else '1' }}
from {{ model }}
where not ({{ column_name ~ ' ' if column_name }}{{ expression }})
{% endtest %}
