-- A macro takes one column only.
-- file: models/staging/retail/stg_retail__transactions.sql
-- replace:
        {{ whole_number('line_no') }} as line_no,
-- with:
        {{ whole_number('line_no', 'sku') }} as line_no,
-- expect: models/staging/retail/stg_retail__transactions.sql:65:12: error macro-arguments: Macro `whole_number` takes not more than 1 arguments.
-- fix: Call it with the arguments that its {% macro %} line names.
