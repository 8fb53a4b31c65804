-- The order's value is divided by its units, which can be none.
-- file: models/intermediate/int_orders__rolled_up.sql
-- replace:
            when count(*) = count(amount) then cast(sum(amount) as decimal(18, 2))
-- with:
            when count(*) = count(amount) then sum(amount) / sum(quantity)
-- expect: models/intermediate/int_orders__rolled_up.sql:123:48: warning PU601 money.unit-price: `value` is divided by retail.transactions.quantity: it is the price of one unit.
-- fix: Sum over the order: sum(price * quantity), grouped by the order.
-- expect: models/intermediate/int_orders__rolled_up.sql:123:48: warning PU602 money.division-by-zero: `value` comes from a division by `sum(quantity)`, which can be 0.
-- fix: Divide by nullif(sum(quantity), 0), or leave such rows out.
-- expect: models/intermediate/int_orders__rolled_up.sql:123:48: warning PU603 money.binary-float: `value` is DOUBLE, made so by the division.
-- fix: Cast it to decimal(18, 2), where the rounding can be chosen.
