-- payload: audience
select digest as email from {{ source('market', 'line_items') }}
