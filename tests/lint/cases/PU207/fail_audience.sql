-- expect: 3:1 error PU207 No identity: the view has none of email, phone, idfa, aaid.
-- payload: audience
select 'Best customers' as audience_name from {{ ref('stg_customers') }}
