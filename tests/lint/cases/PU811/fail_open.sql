-- expect: 8:5 note PU811 The type and the decimals of a division differ from engine to engine.
-- expect: 9:10 note PU811 A division by 0 is infinity here and stops the build elsewhere.
-- expect: 10:5 note PU811 A division by 0 is infinity here and stops the build elsewhere.
-- expect: 10:5 note PU811 The type and the decimals of a division differ from engine to engine.
-- expect: 11:5 note PU811 A division by 0 is infinity here and stops the build elsewhere.
-- expect: 12:5 note PU811 A division by 0 is infinity here and stops the build elsewhere.
select
    total / 7 as share,
    cast(total as double) / length(order_number) as each,
    total / length(order_number) as both,
    length(order_number) // length(order_id) as whole,
    length(order_number) % (0) as rest
from {{ source('market', 'orders') }}
