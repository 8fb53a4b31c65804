"""Audiences and their members in the sandbox's state: what is asked of both families of endpoints.

A member is one identifier of one type; who belongs to whom is not known, so each counts as a person. Of an identifier
the first 16 bytes of SHA-256 over its type and its digest in lower case are kept.
"""

from __future__ import annotations

import hashlib
import sqlite3
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import astuple, dataclass
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
select id, advertiser_id, name, family, members, created_s, changed_s from audiences
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
    """

    id: int
    advertiser_id: str
    name: str
    family: str
    members: int
    created_s: float
    changed_s: float


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
    data = bytes.fromhex(text_)
    return [data[place : place + _MEMBER_BYTES] for place in range(0, len(data), _MEMBER_BYTES)]


def change_members(
    connection: sqlite3.Connection, audience_id: int, id_type: str, members: Collection[bytes], *, is_add: bool
) -> int:
    """Add or remove members and return how many that changed."""
    connection.execute("insert or ignore into member_sets values (null, ?, ?)", (audience_id, id_type))
    where = "select id from member_sets where audience_id = ? and id_type = ?"
    (set_id,) = connection.execute(where, (audience_id, id_type)).fetchone()
    before = connection.total_changes
    # Neighbours lie on the same page of the table.
    connection.executemany(_ADD if is_add else _REMOVE, ((set_id, member) for member in sorted(members)))
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


def of_advertiser(
    connection: sqlite3.Connection, advertiser_id: str, ids: Sequence[str] | None = None
) -> list[Audience]:
    """Return an account's audiences in the order in which they were made, or those of them that are named."""
    found = connection.execute(f"{_SHOWN} where advertiser_id = ? order by id", (advertiser_id,))
    audiences = [Audience(*row) for row in found]
    return audiences if ids is None else [one for one in audiences if str(one.id) in set(ids)]


def create(connection: sqlite3.Connection, advertiser_id: str, name: str, family: str, now_s: float) -> Result:
    """Make an audience, and answer with its id; an account may have only so many."""
    most = number("audiences_per_account")
    count = "select count(*) from audiences where advertiser_id = ?"
    if connection.execute(count, (advertiser_id,)).fetchone()[0] >= most:
        return Result("bad_parameter", f"The account has {most} audiences, which is the most that it can have")
    new = (advertiser_id, name, family, now_s, now_s)
    id_ = connection.execute("insert into audiences values (null, ?, ?, ?, 0, ?, ?)", new).lastrowid
    assert id_ is not None  # noqa: S101 -- an insert has one
    note(connection, id_, Note("CREATE", name, advertiser_id), now_s)
    return Result(data={"audience_id": str(id_)})


def delete(connection: sqlite3.Connection, audience: Audience) -> None:
    """Forget an audience and who was in it."""
    sets = "select id from member_sets where audience_id = ?"
    connection.execute(f"delete from members where set_id in ({sets})", (audience.id,))
    for table in ("member_sets", "sizes", "audience_history"):
        connection.execute(f"delete from {table} where audience_id = ?", (audience.id,))
    connection.execute("delete from audiences where id = ?", (audience.id,))


@dataclass(frozen=True, slots=True)
class Note:
    """A line of an audience's own history.

    Attributes:
        action: What was done.
        detail: To what.
        editor: Account that did it.
        message: What came of it.
    """

    action: str
    detail: str
    editor: str
    message: str = ""


def note(connection: sqlite3.Connection, audience_id: int, line: Note, now_s: float) -> None:
    """Add a line to an audience's own history."""
    values = (audience_id, *astuple(line), now_s)
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
        (audience_id, audience_id, now_s - _delay_s()),
    )


# What the API shows


def shown_size(connection: sqlite3.Connection, audience: Audience, now_s: float) -> int:
    """Return the size as it is shown: of a while ago, and 0 when too few are matched."""
    latest = "select members from sizes where audience_id = ? and since_s <= ? order by since_s desc limit 1"
    found = connection.execute(latest, (audience.id, now_s - _delay_s())).fetchone()
    size: int = found[0] if found else 0
    return size if size >= number("least_matched_members") else 0


def summary(connection: sqlite3.Connection, audience: Audience, advertiser_id: str, now_s: float) -> dict[str, Any]:
    """Return what both pages of the API say about an audience, without the field that they name differently."""
    size = shown_size(connection, audience, now_s)
    left_s = audience.changed_s + number("expires_after_d") * _DAY_S - now_s
    return {
        "audience_id": str(audience.id),
        "name": audience.name,
        "calculate_type": None,
        "cover_num": size,
        "is_valid": size > 0 and left_s > 0,
        "is_expiring": 0 < left_s <= number("expiring_within_d") * _DAY_S,
        "expired_time": shown_time(now_s + left_s),
        "create_time": shown_time(audience.created_s),
        "shared": False,
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


def _delay_s() -> int:
    return number("ready_after_h") * _HOUR_S
