alter table audience add column suppressed_told integer not null default 0;

alter table audience add column retention_days integer;

create table suppression_list (
    kind text primary key,
    model text not null,
    digests integer not null,
    read_at text not null
);
