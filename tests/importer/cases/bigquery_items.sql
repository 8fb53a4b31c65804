SELECT
  'CompletePayment' AS event,
  CAST(t.transaction_id AS STRING) AS event_id,
  UNIX_SECONDS(t.sold_at) AS event_time,
  TO_HEX(SHA256(LOWER(TRIM(u.email)))) AS email,
  IF(t.store_id IS NULL, 'other', 'in_store') AS event_channel,
  t.product.id AS content_id
FROM `acme.retail.sales` AS t
JOIN `acme.retail.users` AS u USING (user_id)
-- refused:
7:3 import-column `t.product.id` is no column of a table of the query.
