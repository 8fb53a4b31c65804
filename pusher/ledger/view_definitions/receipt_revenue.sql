create view receipt_revenue as
with by_currency as (
    select
        run,
        started_at,
        json_extract_string(line, '$.model') as model,
        unnest(json_keys(line, '$.revenue')) as currency,
        json_extract(line, '$.revenue') as revenue
    from _receipt_line
),
by_term as (
    select
        *,
        json_extract(revenue, '$.' || currency) as money,
        unnest(list_concat(
            ['warehouse', 'sent'],
            list_transform(json_keys(revenue, '$.' || currency || '.by_term'), lambda term: 'by_term.' || term)
        )) as path
    from by_currency
)
select
    run,
    started_at,
    model,
    currency,
    replace(path, 'by_term.', '') as term,
    cast(json_extract_string(money, '$.' || path) as decimal(38, 9)) as value
from by_term
