{# Takes the place of the package's own word, for what the package dispatches. #}
{% macro duckdb__shorten(text) %}left({{ text }}, 3){% endmacro %}

{% macro label(text) %}'market ' || {{ text }}{% endmacro %}

{% macro only_of_the_market() %}'of the market'{% endmacro %}
