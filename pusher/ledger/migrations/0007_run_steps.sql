alter table run add column words text;

alter table run add column variables text;

create table run_step (
    run text not null references run (id) on delete cascade,
    number integer not null,
    name text not null,
    model text,
    state text not null check (state in ('running', 'done', 'failed', 'stopped', 'skipped')),
    started_at text,
    finished_at text,
    primary key (run, number)
) without rowid;

create table run_problem (
    run text not null references run (id) on delete cascade,
    number integer not null,
    step integer,
    error_class text not null,
    code text not null,
    return_code integer,
    model text,
    rows integer,
    message text not null,
    file text,
    line integer,
    fix text,
    primary key (run, number)
) without rowid;

create table run_alert (
    run text not null references run (id) on delete cascade,
    number integer not null,
    event text not null check (event in ('success', 'findings', 'failure')),
    channel text not null check (channel in ('webhook', 'email', 'command')),
    target text not null,
    sent_at text not null,
    failure text,
    primary key (run, number)
) without rowid;
