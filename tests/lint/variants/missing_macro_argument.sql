-- An argument of a macro is missing.
-- file: models/intermediate/int_orders__rolled_up.sql
-- replace:
            brand='brand',
            price='unit_price',
-- with:
            price='unit_price',
-- expect: macros/tiktok/contents.sql:11:17: error macro-arguments: The call of this macro gives no `brand`.
-- fix: Pass `brand` where the macro is called.
