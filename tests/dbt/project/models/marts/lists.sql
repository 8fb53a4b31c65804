select
    {{ dbt.bool_or('flag') }} as any_flag,
    {{ dbt.listagg('word', "', '", 'order by word desc') }} as words,
    {{ dbt.listagg('word', "','", 'order by word', 2) }} as first_two
from (values (true, 'a'), (false, 'b'), (null, 'c')) as given (flag, word)
