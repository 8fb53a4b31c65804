select lower(trim(digest)) as email from {{ source('market', 'orders') }}
