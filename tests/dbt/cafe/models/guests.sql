with bills_of_guests as (
    select
        guest_id,
        min(opened_on) as first_visit,
        max(opened_on) as last_visit,
        count(bill_id) as visits,
        sum(amount) as spent
    from {{ ref('bills') }}
    group by guest_id
)

select
    guests.guest_id,
    {{ dbt.concat(['guests.first_name', "' '", 'guests.last_name']) }} as full_name,
    bills_of_guests.first_visit,
    bills_of_guests.last_visit,
    bills_of_guests.visits,
    bills_of_guests.spent
from {{ ref('stg_guests') }} as guests
left join bills_of_guests on guests.guest_id = bills_of_guests.guest_id
