select * from {{ ref('currencies') }} where amount is null
