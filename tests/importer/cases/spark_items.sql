SELECT
  'CompletePayment' AS event,
  concat(s.region, '-', s.receipt) AS event_id,
  from_unixtime(s.ts) AS event_time,
  sha2(lower(trim(k.email_address)), 256) AS email,
  collect_set(s.tender)[0] AS description
FROM pos.sales s JOIN pos.people k ON s.card = k.card
GROUP BY s.region, s.receipt, s.ts, k.email_address
-- refused:
6:3 import-function `COLLECT_SET(s.tender)[0]` has no known equal in DuckDB.
6:3 import-function `COLLECT_SET(s.tender)` has no known equal in DuckDB.
