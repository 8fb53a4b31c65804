-- One row for each view of each receipt.
create view _receipt_line as
select id as run, started_at, unnest(cast(json_extract(receipt, '$.models') as json[])) as line
from run
where receipt is not null
