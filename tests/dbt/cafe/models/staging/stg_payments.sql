select id as payment_id, bill as bill_id, method, {{ euros('cents') }} as amount
from {{ ref('raw_payments') }}
