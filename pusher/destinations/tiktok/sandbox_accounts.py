"""Ad accounts in the sandbox, and the look-ups of their event sets and pixels.

A sandbox that was told of no account plays them all: every account is there, is approved and owns whatever it is asked
about, and its user is an Operator. Once accounts are told, with `POST /_sandbox/accounts`, only those are there, for
every endpoint::

    {"accounts": [{"advertiser_id": "7654321098765432109", "name": "Shop", "role": "operator",
                   "status": "STATUS_ENABLE"}],
     "event_sources": [{"kind": "offline", "id": "7654321098765432110", "advertiser_id": "7654321098765432109",
                        "name": "Stores"}]}

`role` is that of the token's user: `admin`, `operator`, `analyst` (who may look and change nothing) or `none`. An
account with a `status` that is not approved is there for whoever asks for its status, and for nothing else.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, ClassVar

from pusher.destinations.tiktok.facts import tables
from pusher.destinations.tiktok.sandbox_audiences import ListAudiences
from pusher.destinations.tiktok.sandbox_events import Delivery
from pusher.destinations.tiktok.sandbox_http import Judge, Refusal, Request, Route, Rules, parsed, refusal_of
from pusher.destinations.tiktok.sandbox_state import LOOK_UPS, Look, Result, Work, dicts
from pusher.payload.audience_body import id_problems, text_list_problems

ROLES = ("admin", "operator", "analyst", "none")
_MAY_CHANGE = ("admin", "operator")
_PAGE_SIZE = 20
APPROVED = "STATUS_ENABLE"
_OPEN = ("approved", "changing")
_KINDS = ("offline", "web", "crm")
_FIELDS: Mapping[str, Mapping[str, type]] = {
    "accounts": {"advertiser_id": str, "name": str, "role": str, "status": str},
    "event_sources": {"kind": str, "id": str, "advertiser_id": str, "name": str},
}


@dataclass(frozen=True, slots=True)
class ReadToken(Look):
    """Somebody asks whose token it is; what TikTok tells of its user is not known, so nothing is told."""

    kind: ClassVar[str] = "read_token"

    def run(self, connection: sqlite3.Connection, now_s: float) -> Result:
        """Say only that the token is taken."""
        del connection, now_s
        return Result()


@dataclass(frozen=True, slots=True)
class FindEventSources(Look):
    """Event sets or pixels of an account.

    Attributes:
        source: `offline`, `web` or `crm`.
        advertiser_id: The account.
        ids: The only ones that are asked for, or None for all.
    """

    source: str
    advertiser_id: str
    ids: Sequence[str] | None
    kind: ClassVar[str] = "find_event_sources"

    def run(self, connection: sqlite3.Connection, now_s: float) -> Result:
        """Read them."""
        fact = tables("look_ups")[self.source]
        if _is_told(connection):
            found = connection.execute(
                "select id, name, created_s from event_sources where kind = ? and advertiser_id = ? order by id",
                (self.source, self.advertiser_id),
            ).fetchall()
        else:
            found = [(one, f"Sandbox {fact['what']}", now_s) for one in self.ids or ()]
        rows = [self._shown(*one) for one in found if self.ids is None or one[0] in self.ids]
        if self.source != "web":
            return Result(data={fact["list"]: rows})
        info = {
            "page": 1,
            "page_size": _PAGE_SIZE,
            "total_number": len(rows),
            "total_page": -(-len(rows) // _PAGE_SIZE),
        }
        return Result(data={fact["list"]: rows[:_PAGE_SIZE], "page_info": info})

    def _shown(self, id_: str, name: str, created_s: float) -> dict[str, Any]:
        created = datetime.fromtimestamp(created_s, UTC).strftime(tables("audience")["text"]["time_format"]["value"])
        match self.source:
            case "offline":
                event_set = {"advertiser_id": self.advertiser_id, "event_set_id": id_, "name": name, "description": ""}
                return {**event_set, "auto_tracking": False, "create_time": created, "update_time": created}
            case "web":
                return {"pixel_code": id_, "pixel_name": name, "events": []}
            case _:
                return {"event_set_id": id_, "name": name, "create_time": created}


@dataclass(frozen=True, slots=True)
class ReadAccounts(Look):
    """The details of accounts.

    Attributes:
        advertiser_ids: The accounts.
    """

    advertiser_ids: Sequence[str]
    kind: ClassVar[str] = "read_accounts"

    def run(self, connection: sqlite3.Connection, now_s: float) -> Result:
        """Read what is known of them; a person's details are not."""
        del now_s
        fact = tables("look_ups")["account"]
        told = {one["advertiser_id"]: one for one in dicts(connection.execute("select * from accounts"))} or {
            one: {"name": "Sandbox ad account", "status": APPROVED} for one in self.advertiser_ids
        }
        rows = [
            {fact["id"]: one, fact["name"]: told[one]["name"], fact["status"]: told[one]["status"], fact["reason"]: ""}
            for one in self.advertiser_ids
        ]
        return Result(data={fact["list"]: rows})


class AccountEndpoints:
    """The look-ups.

    Args:
        rules: Advertisers that exist.
    """

    def __init__(self, rules: Rules) -> None:
        self._known = rules
        facts = tables("look_ups")
        self.routes = {facts["token"]["path"]: Route("GET", LOOK_UPS, lambda _: ReadToken())}
        self.routes[facts["account"]["path"]] = Route("GET", LOOK_UPS, self._judge_details)
        for kind in _KINDS:
            self.routes[facts[kind]["path"]] = Route("GET", LOOK_UPS, self._judge_of(kind))

    def _judge_details(self, request: Request) -> Work | Refusal:
        fact = tables("look_ups")["account"]
        query: dict[str, Any] = {name: _json(text) for name, text in request.query.items()}
        problems = list(text_list_problems(query, fact["ids"], None, str.isdecimal, "Not a valid id"))
        if "fields" in query:
            problems += text_list_problems(query, "fields", None, str.isidentifier, "Not a field")
        refusal = refusal_of(query, problems) or self._known.stranger(query[fact["ids"]])
        return refusal or ReadAccounts(tuple(query[fact["ids"]]))

    def _judge_of(self, source: str) -> Judge:
        def judge(request: Request) -> Work | Refusal:
            fact = tables("look_ups")[source]
            query: dict[str, Any] = dict(request.query)
            problems = list(id_problems(query, "advertiser_id"))
            ids = [query[fact["one"]]] if fact.get("one") in query else None
            if fact.get("ids") in query:
                query[fact["ids"]] = _json(query[fact["ids"]])
                problems += text_list_problems(
                    query, fact["ids"], fact.get("most_ids"), str.isdecimal, "Not a valid id"
                )
                ids = query[fact["ids"]]
            refusal = refusal_of(query, problems) or self._known.stranger([query["advertiser_id"]])
            return refusal or FindEventSources(source, query["advertiser_id"], ids)

        return judge


def family_of(route: Route, judged: Work | Refusal) -> str:
    """Return whose totals a request belongs to: a page of one audience asks only whether the account is there."""
    return LOOK_UPS if isinstance(judged, ListAudiences) and judged.page_size == 1 else route.family


def barred(connection: sqlite3.Connection, judged: Work) -> Result | None:
    """Return the refusal of a request about an account that is not there, not approved, or not the user's to change."""
    if not _is_told(connection):
        return None
    if isinstance(judged, Delivery):
        owner = connection.execute(
            "select advertiser_id from event_sources where id = ?", (judged.source_id,)
        ).fetchone()
        if owner is None:
            return _no_permission("event source", judged.source_id)
        return _barred_from(connection, owner[0], changes=True)
    one = getattr(judged, "advertiser_id", None)
    asked = getattr(judged, "advertiser_ids", ()) if one is None else (one,)
    refusals = (
        _barred_from(
            connection,
            advertiser_id,
            changes=not isinstance(judged, Look),
            needs_approval=not isinstance(judged, ReadAccounts),
        )
        for advertiser_id in asked
    )
    return next((refusal for refusal in refusals if refusal is not None), None)


def _statuses() -> Mapping[str, Mapping[str, str]]:
    statuses: Mapping[str, Mapping[str, str]] = tables("look_ups")["account_statuses"]["value"]
    return statuses


def _barred_from(
    connection: sqlite3.Connection, advertiser_id: str, *, changes: bool, needs_approval: bool = True
) -> Result | None:
    sql = "select role, status from accounts where advertiser_id = ?"
    found = connection.execute(sql, (advertiser_id,)).fetchone()
    if found is None or (needs_approval and _statuses()[found[1]]["standing"] not in _OPEN):
        return Result("advertiser_missing", f"Advertiser does not exist: {advertiser_id}")
    if found[0] in _MAY_CHANGE or (found[0] == "analyst" and not changes):
        return None
    return _no_permission("advertiser", advertiser_id)


def _no_permission(what: str, id_: str) -> Result:
    return Result("no_permission", f"No permission to operate {what}: {id_}, must be an admin or operator")


def _is_told(connection: sqlite3.Connection) -> bool:
    return connection.execute("select 1 from accounts limit 1").fetchone() is not None


def accounts_page(connection: sqlite3.Connection) -> dict[str, Any]:
    """Return the accounts that were told, their event sources, and how many look-ups there were."""
    (look_ups,) = connection.execute("select count(*) from requests where family = ?", (LOOK_UPS,)).fetchone()
    accounts = dicts(connection.execute("select * from accounts order by advertiser_id"))
    sources = dicts(
        connection.execute("select kind, id, advertiser_id, name from event_sources order by kind, advertiser_id, id")
    )
    return {
        "accounts": accounts,
        "event_sources": sources,
        "look_ups": look_ups,
    }


def tell(connection: sqlite3.Connection, body: bytes, now_s: float) -> list[str]:
    """Let these accounts and event sources be all that there are; returns what is wrong, and then changes nothing."""
    told = parsed(body)
    problems = list(_told_problems(told))
    if problems:
        return problems
    connection.execute("delete from accounts")
    connection.execute("delete from event_sources")
    for one in told.get("accounts", ()):
        account = (one["advertiser_id"], one.get("name", ""), one.get("role", "operator"), one.get("status", APPROVED))
        connection.execute("insert or replace into accounts values (?, ?, ?, ?)", account)
    for one in told.get("event_sources", ()):
        source = (one["kind"], one["id"], one["advertiser_id"], one.get("name", ""), now_s)
        connection.execute("insert or replace into event_sources values (?, ?, ?, ?, ?)", source)
    return []


def _told_problems(told: Any) -> Iterator[str]:
    if not isinstance(told, dict) or not told.keys() <= _FIELDS.keys():
        yield f"The body must be an object with {' and '.join(_FIELDS)}."
        return
    for name, fields in _FIELDS.items():
        needed = {"advertiser_id"} if name == "accounts" else {"kind", "id", "advertiser_id"}
        listed = told.get(name, [])
        if not isinstance(listed, list):
            yield f"{name} must be a list."
            continue
        for number, one in enumerate(listed):
            if not isinstance(one, dict) or not needed <= one.keys() <= fields.keys():
                yield f"{name}.{number} must be an object with {', '.join(sorted(needed))}."
            elif not all(isinstance(value, fields[key]) for key, value in one.items()):
                yield f"{name}.{number} has a value of the wrong type."
            elif one.get("status", APPROVED) not in _statuses():
                yield f"{name}.{number}: status is one of {', '.join(_statuses())}."
            elif one.get("role", ROLES[0]) not in ROLES or one.get("kind", _KINDS[0]) not in _KINDS:
                yield f"{name}.{number}: role is one of {', '.join(ROLES)}, kind one of {', '.join(_KINDS)}."


def _json(text: str) -> Any:
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        return None
