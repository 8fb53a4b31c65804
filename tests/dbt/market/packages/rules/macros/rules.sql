{% macro shorten(text) %}{{ return(adapter.dispatch('shorten', 'rules')(text)) }}{% endmacro %}
{% macro default__shorten(text) %}left({{ text }}, 1){% endmacro %}

{% macro longer(text) %}{{ return(adapter.dispatch('longer', 'rules')(text)) }}{% endmacro %}
{% macro default__longer(text) %}{{ text }} || {{ label("'!'") }} || {{ only_of_the_market() }}{% endmacro %}

{% macro label(text) %}'rules ' || {{ text }}{% endmacro %}

{% macro converted(amount) %}{{ amount }} * {{ var('rate', 1) }}{% endmacro %}
