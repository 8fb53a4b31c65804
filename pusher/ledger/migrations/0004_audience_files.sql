alter table audience add column method text not null default 'stream' check (method in ('stream', 'file'));

create table audience_load (
    id integer primary key,
    run text not null references run (id),
    audience integer not null references audience (id),
    action text not null check (action in ('create', 'replace')),
    members integer not null,
    files integer not null,
    bytes integer not null,
    file_type text not null,
    members_digest text not null,
    file_paths text not null,
    state text not null check (state in ('sending', 'refused', 'unknown', 'accepted', 'confirmed', 'failed')),
    asked_at text not null,
    http_status integer,
    code integer,
    response_class text,
    message text,
    request_id text,
    updated_at text not null
);

create index audience_load_audience on audience_load (audience);
