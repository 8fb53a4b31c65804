with customers as (

    select
        customer_id,
        email,
        loyalty_email,
        phone,
        mobile,
        country
    from {{ ref('stg_retail__customers') }}
    where {{ consented('has_consent') }}

),

final as (

    {#- The rank says which identity to keep first when a customer has more than the models send. #}
    select customer_id, 'email' as kind, 1 as identity_rank, email as identity, country
    from customers
    where email is not null

    union all

    select customer_id, 'email' as kind, 2 as identity_rank, loyalty_email as identity, country
    from customers
    where loyalty_email is not null

    union all

    select customer_id, 'phone' as kind, 1 as identity_rank, mobile as identity, country
    from customers
    where mobile is not null

    union all

    select customer_id, 'phone' as kind, 2 as identity_rank, phone as identity, country
    from customers
    where phone is not null

)

select * from final
