(select 1 as one union all select 2 as one)
{{ dbt.except() }}
select 2 as one
{{ dbt.intersect() }}
select 1 as one
