"""A club in a database: one member for each answer about consent."""

from __future__ import annotations

from collections.abc import Iterable

import duckdb

from pusher.compile import Manifest

Answer = tuple[str | None, bool | None]
# Each person's answer, and whether it says yes; None of both is somebody who never answered.
ANSWERS: tuple[Answer, ...] = (
    ("yes", True), ("y", True), ("granted", True), ("opt_in", True), ("true", True), ("1", True), ("vrai", True),
    ("no", False), ("unsubscribed", False), ("level 2", False), ("0", False), ("unknown", False), (None, None),
)  # fmt: skip


def fill(con: duckdb.DuckDBPyConnection, manifest: Manifest, answers: Iterable[Answer]) -> None:
    """Make the tables of the sources, with one person for each answer in those of the club."""
    tables = {}
    for (source, name), found in manifest.sources.items():
        con.execute(f'create schema if not exists "{found.stub.schema}"')
        columns = ", ".join(f'"{column.name}" {column.data_type}' for column in found.columns)
        con.execute(f"create table {found.stub} ({columns})")
        tables[name if source == "club" else f"{source}.{name}"] = found.stub
    for number, (word, says_yes) in enumerate(answers):
        person = f"{'agreed' if says_yes else 'other'}-{number}"
        profile = {"marketing_consent": word, "city": "Bonn"}
        extra = f'{{"marketing_consent": "{word or ""}"}}'
        country = "DE" if number % 2 == 0 else "US"
        member = [person, f"mail {person}", f"phone {person}", word, country, True, "2026-01-01", profile, extra]
        con.execute(f"insert into {tables['members']} values (?, ?, ?, ?, ?, ?, ?, ?, ?)", member)
        con.execute(f"insert into {tables['answers']} values (?, ?, '2026-01-01')", [person, says_yes])
        moment = "2026-01-01" if says_yes else None
        con.execute(f"insert into {tables['dated_answers']} values (?, ?)", [person, moment])
        con.execute(f"insert into {tables['cards']} values (?, ?, ?)", [f"card {number}", person, f"card {person}"])
        con.execute(f"insert into {tables['visits']} values (?, ?, ?, '2026-02-01')", [number, person, f"ad {person}"])
