-- One row for each frozen row of a part that is not settled, but for those that are not due.
create view _frozen_rows as
select part.*, frozen.*
from _frozen as frozen
join _outbox on _outbox.path = frozen.filename
join part on part.id = _outbox.part
where frozen._reason is null
