{#- The data has no identities: these are household numbers in disguise, and nobody's. #}
{%- set choice = var('identified_households', 'all') %}
{%- if choice not in ('all', 'surveyed') %}
    {{ exceptions.raise_compiler_error(
        'identified_households must be all or surveyed, not ' ~ choice
    ) }}
{%- endif %}
{%- set table = 'demographics' if choice == 'surveyed' else 'transactions' %}

with households as (

    select distinct
        cast(household_id as varchar) as household_id,
        lpad(cast(household_id as varchar), 4, '0') as digits
    from {{ source('complete_journey', table) }}

),

final as (

    {#- 555-0100 to 555-0199 are kept for fiction in every area code; 230 to 255 make room for
        2,500 households. #}
    select
        household_id,
        case
            when substr(digits, 4, 1) <> '5'
                then 'household.' || digits || '@example.com'
        end as email,
        case
            when substr(digits, 4, 1) <> '0'
                then '+1' || cast(230 + cast(substr(digits, 1, 2) as integer) as varchar)
                    || '55501' || substr(digits, 3, 2)
        end as phone
    from households

)

select * from final
