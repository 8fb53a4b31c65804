{{ config(materialized='ephemeral') }}
select {{ values_of(ref('sales'), 'id') | join(' + ') or 0 }} as ids
