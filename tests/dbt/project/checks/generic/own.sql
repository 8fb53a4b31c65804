{% test above(model, column_name, least) %}
{{ config(tags=['own']) }}
select {{ column_name }} from {{ model }} where {{ column_name }} < {{ least }}
{% endtest %}

{% test any_row(model) %}
select * from {{ model }}
{% endtest %}

{% test twos(model, column_name, least) %}
{{ config(where='id = 2') }}
select {{ column_name }} from {{ model }} where id > {{ least }}
{% endtest %}
