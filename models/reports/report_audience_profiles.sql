with customers as (

    select
        best_email,
        best_phone,
        emails,
        phones,
        idfas,
        aaids,
        coalesce(best_email, best_phone) is not null as is_in_best,
        coalesce(emails, phones, idfas, aaids) is not null as is_in_full,
        case when best_email is not null then 1 else 0 end
        + case when best_phone is not null then 1 else 0 end as best_identifiers,
        coalesce(len(emails), 0)
        + coalesce(len(phones), 0)
        + coalesce(len(idfas), 0)
        + coalesce(len(aaids), 0) as full_identifiers,
        case when list_contains(emails, best_email) then 1 else 0 end
        + case when list_contains(phones, best_phone) then 1 else 0 end as shared_identifiers
    from {{ ref('int_customers__profiled') }}

),

final as (

    select
        'best' as profile,
        count(*) as member_count,
        count(case when is_in_full then 1 end) as also_in_other_count,
        count(best_email) as email_count,
        count(best_phone) as phone_count,
        0 as idfa_count,
        0 as aaid_count,
        cast(coalesce(sum(best_identifiers), 0) as bigint) as identifier_count,
        cast(coalesce(sum(shared_identifiers), 0) as bigint) as identifier_in_other_count
    from customers
    where is_in_best

    union all

    select
        'full' as profile,
        count(*) as member_count,
        count(case when is_in_best then 1 end) as also_in_other_count,
        count(emails) as email_count,
        count(phones) as phone_count,
        count(idfas) as idfa_count,
        count(aaids) as aaid_count,
        cast(coalesce(sum(full_identifiers), 0) as bigint) as identifier_count,
        cast(coalesce(sum(shared_identifiers), 0) as bigint) as identifier_in_other_count
    from customers
    where is_in_full

)

select * from final
