select types.id, types.day, semicolons.b
from {{ ref('types') }} as types
join {{ ref('semicolons') }} as semicolons on types.id = semicolons.a
