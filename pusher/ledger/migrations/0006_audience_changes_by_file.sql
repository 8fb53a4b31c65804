create table audience_load_of_6 (
    id integer primary key,
    run text not null references run (id),
    audience integer not null references audience (id),
    action text not null check (action in ('create', 'replace', 'append', 'remove')),
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

insert into audience_load_of_6 (
    id, run, audience, action, members, files, bytes, file_type, members_digest, file_paths, state, asked_at,
    http_status, code, response_class, message, request_id, updated_at
)
select
    id, run, audience, action, members, files, bytes, file_type, members_digest, file_paths, state, asked_at,
    http_status, code, response_class, message, request_id, updated_at
from audience_load;

drop table audience_load;

alter table audience_load_of_6 rename to audience_load;

create index audience_load_audience on audience_load (audience);
