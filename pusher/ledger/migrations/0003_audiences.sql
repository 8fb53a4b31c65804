create table file_of_3 (
    id integer primary key,
    path text not null unique,
    kind text not null check (
        kind in ('outbox', 'keys', 'archive', 'reopened', 'quarantine', 'conflicts', 'changes', 'members')
    ),
    space text not null default '',
    model text,
    rows integer not null,
    bytes integer not null,
    sha256 text not null,
    run text not null references run (id),
    created_at text not null
);

insert into file_of_3 (id, path, kind, space, model, rows, bytes, sha256, run, created_at)
select id, path, kind, space, model, rows, bytes, sha256, run, created_at
from file;

drop table file;

alter table file_of_3 rename to file;

create table audience (
    id integer primary key,
    model text not null,
    advertiser_id text not null,
    name text not null,
    audience_id text,
    create_asked_at text,
    bound_at text,
    retired_at text
);

create unique index audience_current on audience (model, advertiser_id, name) where retired_at is null;

create table audience_change (
    id integer primary key,
    run text not null references run (id),
    audience integer not null references audience (id),
    action text not null check (action in ('add', 'delete')),
    rows integer not null,
    held_until text,
    file integer references file (id),
    settled_at text
);

create table audience_chunk (
    id integer primary key,
    change integer not null references audience_change (id),
    first_row integer not null,
    rows integer not null,
    members integer not null,
    state text not null check (state in ('sending', 'retry', 'unknown', 'accepted', 'split')),
    sha256 text not null,
    attempts integer not null,
    at_risk integer not null,
    last_risk_at text,
    http_status integer,
    code integer,
    response_class text,
    message text,
    request_id text,
    seconds real,
    run text not null references run (id),
    updated_at text not null
);

create index audience_chunk_change on audience_chunk (change);

create table suppressed (
    id integer primary key,
    id_schema text not null,
    digest text not null,
    reason text not null,
    since text not null,
    unique (id_schema, digest)
);
