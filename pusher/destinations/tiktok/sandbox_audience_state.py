"""Audiences and their members in the sandbox's state: what is asked of both families of endpoints.

A member is one identifier of one type; who belongs to whom is not known, so each counts as a person. Of an identifier
the first 16 bytes of SHA-256 over its type and its digest in lower case are kept.
"""

from __future__ import annotations

import hashlib
import sqlite3
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from pusher.destinations.tiktok.facts import tables
from pusher.destinations.tiktok.sandbox_state import Result, dicts

STREAM, FILE = "stream", "file"
_MEMBER_BYTES = 16
_ADD = "insert or ignore into members values (?, ?)"
_REMOVE = "delete from members where set_id = ? and member = ?"
_HOUR_S, _DAY_S = 3600, 86_400
_SHOWN = """
select id, advertiser_id, name, family, members, created_s, changed_s, calculate_type, sub_type, retention_d, pending,
error, exists (select 1 from shares where audience_id = id and is_shared) from audiences
"""


def number(name: str) -> int:
    """Return one of the contract's numbers about audiences."""
    value: int = tables("audience")["number"][name]["value"]
    return value


def text(name: str) -> str:
    """Return one of the contract's words about audiences."""
    value: str = tables("audience")["text"][name]["value"]
    return value


@dataclass(frozen=True, slots=True)
class Audience:
    """One audience.

    Attributes:
        id: Digits, as the API writes them.
        advertiser_id: Its owner.
        name: Not unique.
        family: `stream` or `file`.
        members: How many there are now.
        created_s: Unix seconds.
        changed_s: Since when it is as it is.
        calculate_type: Type of its files, or None.
        own_sub_type: Which ads it is for, or None for the usual ones.
        retention_d: Days from its making to its end, or None.
        pending: What is being done to it, or None.
        error: Why the last of that failed, or empty.
        is_shared: Other accounts have it too.
    """

    id: int
    advertiser_id: str
    name: str
    family: str
    members: int
    created_s: float
    changed_s: float
    calculate_type: str | None
    own_sub_type: str | None
    retention_d: int | None
    pending: str | None
    error: str
    is_shared: bool

    @property
    def type(self) -> str:
        """Return its type as the API writes it."""
        return text("streaming_type" if self.family == STREAM else "file_type")

    @property
    def sub_type(self) -> str:
        """Return which ads it is for."""
        usual: str = tables("audience")["list"]["sub_types"]["values"][0]
        return self.own_sub_type or usual

    @property
    def ends_s(self) -> float:
        """Return when it expires: a fixed moment, or a while after its last change."""
        if self.retention_d is not None:
            return self.created_s + self.retention_d * _DAY_S
        return self.changed_s + number("expires_after_d") * _DAY_S


# Members


def members_of(id_type: str, digests: Iterable[str]) -> list[bytes]:
    """Return what is kept of identifiers of one type."""
    prefix = id_type.encode()
    sha256 = hashlib.sha256
    return [sha256(prefix + digest.encode()).digest()[:_MEMBER_BYTES] for digest in map(str.lower, digests)]


def packed(members: Iterable[bytes]) -> str:
    """Return members as a text that JSON can hold."""
    return b"".join(members).hex()


def unpacked(text_: str) -> list[bytes]:
    """Return the members of a text."""
    return list(split(bytes.fromhex(text_)))


def split(data: bytes) -> Iterator[bytes]:
    """Yield the members that stand one after the other."""
    return (data[place : place + _MEMBER_BYTES] for place in range(0, len(data), _MEMBER_BYTES))


def change_members(
    connection: sqlite3.Connection, audience_id: int, id_type: str, members: Iterable[bytes], *, is_add: bool
) -> int:
    """Add or remove members and return how many that changed; quickest when they come in order."""
    connection.execute("insert or ignore into member_sets values (null, ?, ?)", (audience_id, id_type))
    where = "select id from member_sets where audience_id = ? and id_type = ?"
    (set_id,) = connection.execute(where, (audience_id, id_type)).fetchone()
    before = connection.total_changes
    connection.executemany(_ADD if is_add else _REMOVE, ((set_id, member) for member in members))
    changed = connection.total_changes - before
    delta = changed if is_add else -changed
    connection.execute("update audiences set members = members + ? where id = ?", (delta, audience_id))
    return changed


def members_page(connection: sqlite3.Connection, audience_id: str, limit: int, offset: int) -> list[dict[str, Any]]:
    """Return members, ordered by type and what is kept of them."""
    return dicts(
        connection.execute(
            "select id_type, lower(hex(member)) as member from member_sets join members on set_id = id "
            "where audience_id = ? order by id_type, member limit ? offset ?",
            (audience_id, limit, offset),
        )
    )


# Audiences


def audiences_page(connection: sqlite3.Connection, limit: int, offset: int) -> list[dict[str, Any]]:
    """Return all audiences in the order in which they were made."""
    return dicts(
        connection.execute(
            "select cast(id as text) as audience_id, advertiser_id, name, family, members from audiences "
            "order by id limit ? offset ?",
            (limit, offset),
        )
    )


def find(connection: sqlite3.Connection, audience_id: str) -> Audience | None:
    """Return an audience by its id."""
    found = connection.execute(f"{_SHOWN} where id = ?", (audience_id,)).fetchone()
    return None if found is None else Audience(*found)


def visible(connection: sqlite3.Connection, advertiser_id: str, ids: Sequence[str] | None = None) -> list[Audience]:
    """Return the audiences that an account has or shares, as they were made, or those of them that are named."""
    shared = "select audience_id from shares where advertiser_id = ? and is_shared"
    where = f"where advertiser_id = ? or id in ({shared}) order by id"
    audiences = [Audience(*row) for row in connection.execute(f"{_SHOWN} {where}", (advertiser_id, advertiser_id))]
    return audiences if ids is None else [one for one in audiences if str(one.id) in set(ids)]


def full(connection: sqlite3.Connection, advertiser_id: str) -> Result | None:
    """Return the refusal of an account that may not have another audience."""
    most = number("audiences_per_account")
    count = "select count(*) from audiences where advertiser_id = ?"
    if connection.execute(count, (advertiser_id,)).fetchone()[0] < most:
        return None
    return Result("bad_parameter", f"The account has {most} audiences, which is the most that it can have")


def create(connection: sqlite3.Connection, advertiser_id: str, name: str, family: str, now_s: float) -> int:
    """Make an audience, and return its id."""
    columns = "advertiser_id, name, family, members, created_s, changed_s"
    id_ = connection.execute(
        f"insert into audiences ({columns}) values (?, ?, ?, 0, ?, ?)", (advertiser_id, name, family, now_s, now_s)
    ).lastrowid
    assert id_ is not None  # noqa: S101 -- an insert has one
    note(connection, id_, Note("CREATE", name), now_s)
    return id_


def clear(connection: sqlite3.Connection, audience: Audience) -> None:
    """Take everybody out of an audience."""
    sets = "select id from member_sets where audience_id = ?"
    connection.execute(f"delete from members where set_id in ({sets})", (audience.id,))
    connection.execute("update audiences set members = 0 where id = ?", (audience.id,))


def delete(connection: sqlite3.Connection, audience: Audience) -> None:
    """Forget an audience and who was in it."""
    clear(connection, audience)
    for table in ("member_sets", "sizes", "audience_history", "shares"):
        connection.execute(f"delete from {table} where audience_id = ?", (audience.id,))
    connection.execute("delete from audiences where id = ?", (audience.id,))


@dataclass(frozen=True, slots=True)
class Note:
    """A line of an audience's own history.

    Attributes:
        action: What was done.
        detail: To what.
        message: What came of it.
    """

    action: str
    detail: str
    message: str = ""


def note(connection: sqlite3.Connection, audience_id: int, line: Note, now_s: float) -> None:
    """Add a line to an audience's own history."""
    values = (audience_id, line.action, line.detail, text("editor"), line.message, now_s)
    connection.execute("insert into audience_history values (null, ?, ?, ?, ?, ?, ?)", values)


def note_size(connection: sqlite3.Connection, audience_id: int, now_s: float) -> None:
    """Remember how many members an audience has from now on, and forget sizes that show no longer."""
    connection.execute("update audiences set changed_s = ? where id = ?", (now_s, audience_id))
    connection.execute(
        "insert or replace into sizes select id, ?, members from audiences where id = ?", (now_s, audience_id)
    )
    shown = "select max(since_s) from sizes where audience_id = ? and since_s <= ?"
    connection.execute(
        f"delete from sizes where audience_id = ? and since_s < ({shown})",
        (audience_id, audience_id, now_s - delay_s()),
    )


# What the API shows


def shown_size(connection: sqlite3.Connection, audience: Audience, now_s: float) -> int:
    """Return the size as it is shown: of a while ago, and 0 when too few are matched."""
    size = audience.members
    if audience.family == STREAM:
        latest = "select members from sizes where audience_id = ? and since_s <= ? order by since_s desc limit 1"
        found = connection.execute(latest, (audience.id, now_s - delay_s())).fetchone()
        size = found[0] if found else 0
    return size if size >= number("least_matched_members") else 0


def is_valid(connection: sqlite3.Connection, audience: Audience, now_s: float) -> bool:
    """Say whether an audience can be used."""
    return shown_size(connection, audience, now_s) > 0 and now_s < audience.ends_s


def summary(connection: sqlite3.Connection, audience: Audience, advertiser_id: str, now_s: float) -> dict[str, Any]:
    """Return what both pages of the API say about an audience, without the field that they name differently."""
    left_s = audience.ends_s - now_s
    return {
        "audience_id": str(audience.id),
        "name": audience.name,
        "calculate_type": audience.calculate_type,
        "cover_num": shown_size(connection, audience, now_s),
        "is_valid": is_valid(connection, audience, now_s),
        "is_expiring": 0 < left_s <= number("expiring_within_d") * _DAY_S,
        "expired_time": shown_time(audience.ends_s),
        "create_time": shown_time(audience.created_s),
        "shared": bool(audience.is_shared),
        "is_creator": audience.advertiser_id == advertiser_id,
    }


def own_history(connection: sqlite3.Connection, audience_id: int, size: int) -> list[dict[str, Any]]:
    """Return the latest lines of an audience's own history, newest first."""
    found = connection.execute(
        "select action, detail, editor, message, time_s from audience_history where audience_id = ? "
        "order by id desc limit ?",
        (audience_id, size),
    )
    names: Mapping[str, int] = {"action": 0, "action_detail": 1, "editor": 2, "msg": 3}
    return [{name: row[place] for name, place in names.items()} | {"opt_time": shown_time(row[4])} for row in found]


def shown_time(seconds: float) -> str:
    """Return a moment as the API writes it."""
    return datetime.fromtimestamp(seconds, UTC).strftime(text("time_format"))


def delay_s() -> int:
    """Return how long the API works on an audience before it shows."""
    return number("ready_after_h") * _HOUR_S
