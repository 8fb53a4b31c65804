with source as (
    {#- A seed stands in for a table that a loader would write. #}
    select * from {{ ref('raw_guests') }}
),

renamed as (
    select id as guest_id, first_name, last_name
    from source
)

select * from renamed
