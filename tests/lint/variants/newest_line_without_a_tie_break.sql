-- An order keeps one of its lines, and nothing says which of two of the same time.
-- file: models/intermediate/int_orders__rolled_up.sql
-- replace:
        and order_id is not null
-- with:
        and order_id is not null
    qualify row_number() over (partition by order_id order by processed_at desc) = 1
-- expect: models/intermediate/int_orders__rolled_up.sql:33:13: note PU304 determinism.ties: `row_number()` is ordered by `processed_at`: of two rows that are alike there, any may come first.
-- fix: End the order with a key of the rows, and declare it: `data_tests: [unique]` in the YAML.
