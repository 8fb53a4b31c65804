{% macro plain(column, places=2) -%}
round({{ column }}, {{ places }})
{%- endmacro %}

{% macro names() %}{{ return(['a', 'b', {'c': 3}]) }}{% endmacro %}
{% macro nothing() %}{% do return(none) %}text that is never seen{% endmacro %}
{% macro early(x) %}before{% for i in range(5) %}{% if i == x %}{{ return(i * 10) }}{% endif %}{% endfor %}after{% endmacro %}
{% macro outer() %}[{{ early(2) }}|{{ early(9) }}]{% endmacro %}
{% macro returning_caller() %}start {{ caller() }} end{% endmacro %}
{% macro listed(items) %}{% for item in items %}{{ caller(item, loop.index) }}{{ ', ' if not loop.last }}{% endfor %}{% endmacro %}
{% macro wrapped(name) %}<{{ name }}>{{ caller() }}</{{ name }}>{% endmacro %}
{% macro default__ported(x) %}default {{ x }}{% endmacro %}
{% macro duckdb__ported(x) %}duckdb {{ x }}{% endmacro %}
{% macro ported(x) %}{{ return(adapter.dispatch('ported', 'shop')(x)) }}{% endmacro %}
{% macro asked() %}{% if is_incremental() %}again{% else %}first{% endif %}{% endmacro %}
{% macro of_model() %}{{ this.identifier }} {{ config.get('materialized') }} {{ model.name }}{% endmacro %}
{% macro doubled(x) %}{{ x }} * 2{% endmacro %}
