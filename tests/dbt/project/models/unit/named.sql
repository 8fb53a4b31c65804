select
    people.id,
    upper(people.name) as shout,
    {{ var('factor', 1) }} * people.boss as boss,
    '{{ env_var("PUSHER_PLACE", "nowhere") }}' as place,
    {{ doubled('people.id') }} as twice,
    semicolons.b,
    [people.name, people.word] as words
from {{ ref('people') }} as people
left join {{ ref('semicolons') }} as semicolons on semicolons.a = people.id
