-- A column that the source does not declare.
-- file: models/staging/retail/stg_retail__customers.sql
-- replace:
        loyalty_email,
        phone,
        mobile,
        country,
        marketing_consent,
-- with:
        loyality_email,
        phone,
        mobile,
        country,
        marketing_consent,
-- expect: models/staging/retail/stg_retail__customers.sql:6:9: error sql-binder: Referenced column "loyality_email" not found in FROM clause.
-- fix: Did you mean `loyalty_email`? models/staging/retail/_retail__sources.yml:54 declares of data/retail/customers.csv: customer_id, full_name, email, loyalty_email, phone, mobile, country, marketing_consent, created_at, idfa, aaid.
