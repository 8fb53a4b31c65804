"""The tables of the sandbox's state file, and how an older file gets them."""

from __future__ import annotations

import os
import sqlite3
from pathlib import Path

from pusher.errors import Problem, StateError

_BUSY_MS = 30_000
_VERSIONS: tuple[tuple[str, ...], ...] = (
    (
        """
        create table if not exists events (
            source_id text not null, test_event_code text not null, event text not null, event_id text not null,
            event_time integer not null, value text, currency text,
            first_seen_s real not null, times integer not null, counted integer not null,
            primary key (source_id, test_event_code, event, event_id)
        ) without rowid
        """,
        """
        create table if not exists requests (
            id integer primary key, time text not null, path text not null, status integer, code text, fault text,
            rows integer not null, accepted integer not null, counted integer not null, duplicates integer not null,
            bytes integer not null, body_sha256 text not null
        )
        """,
    ),
    (
        "alter table requests add column family text not null default 'events'",
        "alter table requests add column added integer not null default 0",
        "alter table requests add column removed integer not null default 0",
        "alter table requests add column already integer not null default 0",
        "alter table requests add column landed text",
        # What was asked for and is not there yet: requests that land late.
        """
        create table late (
            id integer primary key, request_id integer, lands_s real not null, kind text not null, work text not null
        )
        """,
        "create index late_order on late (lands_s, id)",
        """
        create table audiences (
            id integer primary key autoincrement, advertiser_id text not null, name text not null,
            family text not null, members integer not null, created_s real not null, changed_s real not null
        )
        """,
        # As long as the ids of the API get, so that one that was read as a number comes back changed.
        "insert into sqlite_sequence values ('audiences', 7200000000000000000)",
        "create index audiences_of on audiences (advertiser_id)",
        """
        create table member_sets (
            id integer primary key, audience_id integer not null, id_type text not null, unique (audience_id, id_type)
        )
        """,
        # The first 16 bytes of a digest of an identifier's type and digest, and nothing else of a person.
        """
        create table members (
            set_id integer not null, member blob not null, primary key (set_id, member)
        ) without rowid
        """,
        # How many members an audience had since when, because its size shows with a delay.
        """
        create table sizes (
            audience_id integer not null, since_s real not null, members integer not null,
            primary key (audience_id, since_s)
        ) without rowid
        """,
        """
        create table audience_history (
            id integer primary key, audience_id integer not null, action text not null, detail text not null,
            editor text not null, message text not null, time_s real not null
        )
        """,
        "create index audience_history_of on audience_history (audience_id)",
    ),
    (
        "alter table audiences add column calculate_type text",
        "alter table audiences add column sub_type text",
        "alter table audiences add column retention_d integer",
        # What is being done to an audience of files, and why the last of it failed.
        "alter table audiences add column pending text",
        "alter table audiences add column error text not null default ''",
        """
        create table files (
            id integer primary key autoincrement, file_path text not null unique, advertiser_id text not null,
            calculate_type text not null, uploaded_s real not null
        )
        """,
        # Many members in a blob, as they come into `members` when the file is used.
        "create table file_members (file_id integer not null, id_type text not null, members blob not null)",
        "create index file_members_of on file_members (file_id)",
        """
        create table shares (
            audience_id integer not null, advertiser_id text not null, is_shared integer not null,
            primary key (audience_id, advertiser_id)
        ) without rowid
        """,
        "create index shares_with on shares (advertiser_id)",
    ),
    (
        # Digests only: what a person could use is stored nowhere.
        "create table apps (app_id text primary key, secret_sha256 text not null) without rowid",
        """
        create table auth_codes (
            code_sha256 text primary key, app_id text not null, made_s real not null, used_s real
        ) without rowid
        """,
        """
        create table tokens (
            token_sha256 text primary key, app_id text not null, advertisers text not null, scopes text not null,
            granted_s real not null, revoked_s real
        ) without rowid
        """,
    ),
    (
        """
        create table accounts (
            advertiser_id text primary key, name text not null, role text not null, is_approved integer not null
        ) without rowid
        """,
        """
        create table event_sources (
            kind text not null, id text not null, advertiser_id text not null, name text not null,
            created_s real not null, primary key (kind, id)
        ) without rowid
        """,
    ),
    (
        "alter table accounts add column status text not null default 'STATUS_ENABLE'",
        "update accounts set status = 'STATUS_PENDING_CONFIRM' where not is_approved",
        "alter table accounts drop column is_approved",
    ),
)
SCHEMA_VERSION = len(_VERSIONS)
TABLES = (
    "events",
    "requests",
    "late",
    "audiences",
    "member_sets",
    "members",
    "sizes",
    "audience_history",
    "files",
    "file_members",
    "shares",
    "apps",
    "auth_codes",
    "tokens",
    "accounts",
    "event_sources",
)


def open_state(path: Path) -> sqlite3.Connection:
    """Open the file, make it if need be, and bring it to this version.

    Raises:
        StateError: It is not a state file, or one of a later version.
    """
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    os.close(os.open(path, os.O_CREAT | os.O_RDWR, 0o600))
    connection = sqlite3.connect(path, check_same_thread=False, isolation_level=None)
    try:
        connection.execute(f"pragma busy_timeout = {_BUSY_MS}")
        # Outlives a killed process; only a power cut may cost a sandbox its last requests.
        connection.execute("pragma journal_mode = wal")
        connection.execute("pragma synchronous = off")
        is_known = _migrate(connection)
    except sqlite3.DatabaseError as error:
        connection.close()
        raise _foreign(path) from error
    if not is_known:
        connection.close()
        raise _foreign(path)
    return connection


def _migrate(connection: sqlite3.Connection) -> bool:
    """Add what is missing in one transaction, and say whether the file is of a known version."""
    if _version(connection) == SCHEMA_VERSION:
        return True
    connection.execute("begin immediate")
    try:
        # Asked again, because another process may have done it in between.
        version = _version(connection)
        if version > SCHEMA_VERSION:
            return False
        for statements in _VERSIONS[version:]:
            for statement in statements:
                connection.execute(statement)
        connection.execute(f"pragma user_version = {SCHEMA_VERSION}")
        connection.execute("commit")
    finally:
        if connection.in_transaction:
            connection.execute("rollback")
    return True


def _version(connection: sqlite3.Connection) -> int:
    version: int = connection.execute("pragma user_version").fetchone()[0]
    return version


def _foreign(path: Path) -> StateError:
    return StateError(
        Problem(
            "sandbox-state",
            f"{path.name} is not a state file of this version's sandbox.",
            fix=f"Delete {path.name} and its -wal and -shm files; it holds only what a sandbox counted.",
        )
    )
