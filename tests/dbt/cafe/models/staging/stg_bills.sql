select id as bill_id, guest as guest_id, opened_on, state
from {{ source('raw_tables', 'raw_bills') }}
