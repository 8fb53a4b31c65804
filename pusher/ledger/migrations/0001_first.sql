create table meta (
    name text primary key,
    value text not null
) without rowid;

create table run (
    id text primary key,
    command text not null,
    started_at text not null,
    finished_at text,
    exit_code integer,
    version text not null,
    base_url text not null,
    normaliser_version text,
    test_event_code text,
    receipt text
);

create table file (
    id integer primary key,
    path text not null unique,
    kind text not null check (kind in ('outbox', 'keys', 'quarantine', 'conflicts')),
    space text not null default '',
    model text,
    rows integer not null,
    bytes integer not null,
    sha256 text not null,
    run text not null references run (id),
    created_at text not null
);

create table part (
    id integer primary key,
    run text not null references run (id),
    model text not null,
    payload text not null,
    destination text not null,
    source_id text not null,
    space text not null,
    rows integer not null,
    file integer references file (id),
    settled_at text
);

create index part_open on part (file) where file is not null;

create table batch (
    id integer primary key,
    part integer not null references part (id),
    parent integer references batch (id),
    ranges text not null,
    rows integer not null,
    state text not null check (
        state in (
            'planned', 'sending', 'retry', 'unknown', 'accepted', 'split', 'dead', 'parked', 'expired', 'suppressed'
        )
    ),
    encoder text,
    sha256 text,
    first_risk_at text,
    attempts integer not null default 0,
    code integer,
    response_class text,
    message text,
    request_id text,
    run text not null references run (id),
    updated_at text not null
);

create index batch_part on batch (part);
create index batch_open on batch (state) where state in ('planned', 'sending', 'retry', 'unknown', 'parked');

create table attempt (
    batch integer not null references batch (id),
    number integer not null,
    run text not null references run (id),
    started_at text not null,
    seconds real,
    http_status integer,
    code integer,
    response_class text,
    message text,
    request_id text,
    bytes integer not null,
    primary key (batch, number)
) without rowid;
