select city as description from {{ ref('stg_customers') }}
except
select email from {{ ref('stg_customers') }}
