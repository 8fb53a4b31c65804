-- expect: 10:12 error PU401 `description` carries a raw e-mail address from shop.customers.email.
with renamed as (

    select id, email as contact_address from {{ ref('stg_customers') }}

),

final as (

    select contact_address as description from renamed

)

select * from final
