{{ config(
    materialized='incremental',
    unique_key='id',
    pre_hook=[{'sql': note(this.name, "'own, before'"), 'transaction': false}],
    post_hook=note('added', "'own, after'"),
) }}
{%- set last = 0 -%}
{%- if is_incremental() and execute -%}
{%- set last = run_query('select max(id) from ' ~ this).columns[0].values()[0] -%}
{%- endif %}
select id, kind, {{ last }} as known_before from {{ ref('sales') }} where id > {{ last }}
