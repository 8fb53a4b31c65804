create table file_of_2 (
    id integer primary key,
    path text not null unique,
    kind text not null check (kind in ('outbox', 'keys', 'archive', 'reopened', 'quarantine', 'conflicts')),
    space text not null default '',
    model text,
    rows integer not null,
    bytes integer not null,
    sha256 text not null,
    run text not null references run (id),
    created_at text not null
);

insert into file_of_2 (id, path, kind, space, model, rows, bytes, sha256, run, created_at)
select id, path, kind, space, model, rows, bytes, sha256, run, created_at
from file;

drop table file;

alter table file_of_2 rename to file;
