SELECT
  CAST(li.order_id AS VARCHAR) AS event_id
  ,'Purchase' AS event
  ,MAX(li.sold_at) AS event_time
  ,SUM(li.price * li.quantity) AS value
  ,'USD' AS currency
FROM {{ source('market', 'line_items') }} li
GROUP BY 1
