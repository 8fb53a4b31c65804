{{ config(materialized='ephemeral') }}
select
    '{{ var("common") }} {{ var("both") }} {{ var("scoped") }} {{ var("given") }} {{ var("absent", "default") }}' as vars,
    '{{ var("list") | join("-") }} {{ var("flag") }}' as typed,
    '{{ target.name }} {{ target.schema }} {{ target.type }} {{ project_name }}' as target
