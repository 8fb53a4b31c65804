SELECT
    'Purchase'                       AS event,
    T.ORDER_ID                       AS event_id,
    T.PLACED                         AS event_time,
    T.AMT                            AS value,
    'USD'                            AS currency
FROM (
    SELECT O.ORDER_ID, O.PLACED_AT AS PLACED, SUM(I.QUANTITY * I.UNIT_PRICE) AS AMT
    FROM {{ source('market', 'orders') }} AS O
    INNER JOIN {{ source('market', 'order_items') }} AS I
        ON O.ORDER_ID = I.ORDER_ID
    WHERE O.PLACED_AT >= DATE '2026-11-01'
    GROUP BY O.ORDER_ID, O.PLACED_AT
) AS T
