{% set methods = var('methods') %}

with bills as (
    select * from {{ ref('stg_bills') }}
),

payments as (
    select * from {{ ref('stg_payments') }}
),

paid as (
    select
        bill_id,
        {% for method in methods -%}
        sum(case when method = '{{ method }}' then amount else 0 end) as {{ method }}_amount,
        {% endfor -%}
        sum(amount) as amount
    from payments
    group by bill_id
)

select
    bills.bill_id,
    bills.guest_id,
    bills.opened_on,
    bills.state,
    {% for method in methods -%}
    paid.{{ method }}_amount,
    {% endfor -%}
    paid.amount
from bills
left join paid on bills.bill_id = paid.bill_id
