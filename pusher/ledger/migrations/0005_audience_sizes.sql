create table audience_size (
    id integer primary key,
    audience integer not null references audience (id),
    seen_on text not null,
    seen_at text not null,
    size integer not null,
    people integer,
    unique (audience, seen_on)
);
