-- expect: 3:29 note PU501 Nothing proves that `event_id` is unique.
-- about: a build goes on after such tests
select 'Purchase' as event, a.id as event_id, a.paid_at as event_time
from {{ ref('paid') }} as a
-- file: models/paid.sql
select payment_id as id, order_id, method, paid_at from {{ source('market', 'payments') }}
-- file: models/paid.yml
version: 2
models:
  - name: paid
    data_tests:
      - dbt_utils.unique_combination_of_columns:
          arguments: {combination_of_columns: [id]}
          config: {error_if: "> 10"}
    columns:
      - name: id
        data_tests:
          - unique: {config: {severity: warn}}
          - unique: {name: few, config: {fail_calc: "count(*) - 1"}}
          - unique: {name: none, config: {warn_if: "> 5"}}
