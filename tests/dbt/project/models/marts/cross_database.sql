{{ config(materialized='table') }}
with source as (
    select
        cast('2026-11-20 10:30:00' as timestamp) as taken,
        cast('2026-11-02 09:00:00' as timestamp) as earlier,
        'a-b-c' as text,
        true as flag
)

select
    cast(1 as {{ dbt.type_int() }}) as whole,
    cast(1 as {{ dbt.type_bigint() }}) as long,
    cast(1.5 as {{ dbt.type_numeric() }}) as exact,
    cast(1.5 as {{ dbt.type_float() }}) as inexact,
    cast('x' as {{ dbt.type_string() }}) as words,
    cast(taken as {{ dbt.type_timestamp() }}) as moment,
    cast('true' as {{ type_boolean() }}) as truth,
    {{ dbt.dateadd('day', 3, 'taken') }} as later,
    {{ dateadd(datepart='month', interval=-2, from_date_or_timestamp='taken') }} as before,
    {{ dbt.datediff('earlier', 'taken', 'day') }} as days,
    {{ dbt.datediff('earlier', 'taken', 'hour') }} as hours,
    {{ dbt.date_trunc('week', 'taken') }} as week,
    {{ dbt.last_day('taken', 'month') }} as last_day,
    {{ dbt.date(2026, 1, 2) }} as day,
    {{ dbt.concat(['text', "'-'", 'text']) }} as joined,
    {{ dbt.hash('text') }} as hashed,
    {{ dbt.cast('taken', 'date') }} as dated,
    {{ dbt.safe_cast("'5'", 'integer') }} as number,
    {{ dbt.cast_bool_to_text('flag') }} as flag,
    {{ dbt.split_part('text', "'-'", 2) }} as part,
    {{ dbt.string_literal(dbt.escape_single_quotes("it's")) }} as literal,
    {{ dbt.length('text') }} as size,
    {{ dbt.replace('text', "'-'", "'+'") }} as changed,
    {{ dbt.right('text', 2) }} as ending,
    {{ dbt.position("'b'", 'text') }} as place,
    {{ dbt.any_value('text') }} over () as one,
    {{ adapter.quote('text') }} as quoted
from source
