-- The name of a model is misspelt.
-- file: models/tiktok/tiktok_web_events.sql
-- replace:
    from {{ ref('int_customers__identified') }}
-- with:
    from {{ ref('int_customers_identified') }}
-- expect: models/tiktok/tiktok_web_events.sql:35:13: error missing-ref: Model `int_customers_identified` does not exist.
-- fix: Did you mean `int_customers__identified`?
