"""Streaming audiences in the sandbox: making them, their members, and the pages that list all audiences."""

from __future__ import annotations

import json
import re
import sqlite3
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar, Self

from pusher.destinations.tiktok import sandbox_audience_state as state
from pusher.destinations.tiktok.facts import tables
from pusher.destinations.tiktok.sandbox_http import Refusal, Request, Route, Rules, parsed, refusal_of
from pusher.destinations.tiktok.sandbox_state import AUDIENCES, Change, Counts, Look, Result, Work
from pusher.payload.audience_body import (
    AudienceRules,
    id_list_problems,
    id_problems,
    mapping_problems,
    segment_problems,
)
from pusher.payload.validate import BodyProblem

_IDS = "custom_audience_ids"
_is_number = re.compile(r"[0-9]{1,9}").fullmatch


@dataclass(frozen=True, slots=True)
class MakeSegment(Change):
    """A streaming audience is made.

    Attributes:
        advertiser_id: Its owner.
        name: As it is kept.
    """

    advertiser_id: str
    name: str
    kind: ClassVar[str] = "make_segment"

    def run(self, connection: sqlite3.Connection, now_s: float) -> Result:
        """Make it."""
        if (full := state.full(connection, self.advertiser_id)) is not None:
            return full
        id_ = state.create(connection, self.advertiser_id, self.name, state.STREAM, now_s)
        return Result(data={"audience_id": str(id_)})


@dataclass(frozen=True, slots=True)
class DropSegment(Change):
    """A streaming audience is deleted.

    Attributes:
        advertiser_id: Its owner.
        audience_id: The audience.
    """

    advertiser_id: str
    audience_id: str
    kind: ClassVar[str] = "drop_segment"

    def run(self, connection: sqlite3.Connection, now_s: float) -> Result:
        """Delete it."""
        del now_s
        audience = state.find(connection, self.audience_id)
        if audience is None or audience.family != state.STREAM:
            return Result("bad_parameter", f"delete_audience_id: {self.audience_id} is no streaming audience")
        if audience.advertiser_id != self.advertiser_id:
            return Result("no_permission", f"No permission to operate audience: {self.audience_id}")
        state.delete(connection, audience)
        return Result(data={"audience_id": self.audience_id})


@dataclass(frozen=True, slots=True)
class MapMembers:
    """Members come into streaming audiences or leave them.

    Attributes:
        advertiser_ids: Owners of the audiences.
        is_add: They come.
        rows: Rows of the request, one for each person.
        groups: Audience, identifier type, where the request names the audience first, and the members.
    """

    advertiser_ids: Sequence[str]
    is_add: bool
    rows: int
    groups: Sequence[tuple[str, str, str, Sequence[bytes]]]
    kind: ClassVar[str] = "map_members"

    def run(self, connection: sqlite3.Connection, now_s: float) -> Result:
        """Change all audiences or none."""
        found: dict[str, state.Audience] = {}
        for audience_id, _, path, _ in self.groups:
            audience = found.get(audience_id) or state.find(connection, audience_id)
            if audience is None or audience.advertiser_id not in self.advertiser_ids:
                return Result("bad_parameter", f"{path}: {audience_id} is no audience of these advertisers")
            if audience.family != state.STREAM:
                return Result("bad_parameter", f"{path}: {audience_id} is not a streaming audience")
            if self.is_add and now_s >= audience.ends_s:
                return Result("bad_parameter", f"{state.text('not_editable')}: {audience_id} is not valid")
            found[audience_id] = audience
        changed = asked = 0
        for audience_id, id_type, _, members in self.groups:
            audience = found[audience_id]
            changed += state.change_members(connection, audience.id, id_type, sorted(members), is_add=self.is_add)
            asked += len(members)
        for audience in found.values():
            state.note_size(connection, audience.id, now_s)
        added, removed = (changed, 0) if self.is_add else (0, changed)
        return Result(counts=Counts(self.rows, added=added, removed=removed, already=asked - changed))

    def dump(self) -> dict[str, Any]:
        """Return it as JSON."""
        groups = [(*group[:3], state.packed(group[3])) for group in self.groups]
        return {"advertiser_ids": self.advertiser_ids, "is_add": self.is_add, "rows": self.rows, "groups": groups}

    @classmethod
    def load(cls, dumped: Mapping[str, Any]) -> Self:
        """Return what was dumped."""
        return cls(**{**dumped, "groups": [(*group[:3], state.unpacked(group[3])) for group in dumped["groups"]]})


@dataclass(frozen=True, slots=True)
class ListAudiences(Look):
    """A page of an account's audiences.

    Attributes:
        advertiser_id: The account.
        ids: The only ones that are asked for, or None for all.
        page: From 1.
        page_size: Audiences on a page.
    """

    advertiser_id: str
    ids: Sequence[str] | None
    page: int
    page_size: int
    kind: ClassVar[str] = "list_audiences"

    def run(self, connection: sqlite3.Connection, now_s: float) -> Result:
        """Read the page."""
        audiences = state.visible(connection, self.advertiser_id, self.ids)
        start = (self.page - 1) * self.page_size
        shown = []
        for audience in audiences[start : start + self.page_size]:
            summary = state.summary(connection, audience, self.advertiser_id, now_s)
            shown.append(
                {"audience_id": summary.pop("audience_id"), "name": summary.pop("name"), "audience_type": audience.type}
                | summary
            )
        info = {
            "page": self.page,
            "page_size": self.page_size,
            "total_number": len(audiences),
            "total_page": -(-len(audiences) // self.page_size),
        }
        return Result(data={"list": shown, "page_info": info})


@dataclass(frozen=True, slots=True)
class GetAudiences(Look):
    """What there is to know about some audiences.

    Attributes:
        advertiser_id: The account.
        ids: The audiences.
        history_size: Most lines of the history of each.
    """

    advertiser_id: str
    ids: Sequence[str]
    history_size: int
    kind: ClassVar[str] = "get_audiences"

    def run(self, connection: sqlite3.Connection, now_s: float) -> Result:
        """Read them."""
        shown = []
        for audience in state.visible(connection, self.advertiser_id, self.ids):
            details = state.summary(connection, audience, self.advertiser_id, now_s) | {
                "type": audience.type,
                "audience_sub_type": audience.sub_type,
                "msg": state.text("processing") if audience.pending else "",
                "error_msg": audience.error,
                "owner_id": audience.advertiser_id,
                "rule": None,
                "is_auto_refresh": False,
            }
            history = state.own_history(connection, audience.id, self.history_size)
            shown.append({"audience_details": details, "audience_history": history})
        return Result(data={"list": shown})


KINDS: tuple[type[Work], ...] = (MakeSegment, DropSegment, MapMembers)


class AudienceEndpoints:
    """The endpoints of streaming audiences, and those that show all audiences.

    Args:
        rules: Advertisers that exist.
    """

    def __init__(self, rules: Rules) -> None:
        self._known = rules
        self._rules = AudienceRules.of(tables("audience"))
        self.routes = {
            "segment/audience/": Route("POST", AUDIENCES, self._segment),
            "segment/mapping/": Route("POST", AUDIENCES, self._mapping),
            "dmp/custom_audience/list/": Route("GET", AUDIENCES, self._list),
            "dmp/custom_audience/get/": Route("GET", AUDIENCES, self._get),
        }

    def _segment(self, request: Request) -> Work | Refusal:
        body = parsed(request.body)
        refusal = refusal_of(body, segment_problems(body, self._rules)) or self._known.stranger([body["advertiser_id"]])
        if refusal is not None:
            return refusal
        if body["action"] == self._rules.audience_actions[0]:
            return MakeSegment(body["advertiser_id"], _cut(body["custom_audience_name"]))
        return DropSegment(body["advertiser_id"], body["delete_audience_id"])

    def _mapping(self, request: Request) -> Work | Refusal:
        body = parsed(request.body)
        rows = _rows(body)
        refusal = refusal_of(body, mapping_problems(body, self._rules), rows)
        refusal = refusal or self._known.stranger(body["advertiser_ids"], rows)
        if refusal is not None:
            return refusal
        schema = [name.upper() for name in body["id_schema"]]
        adds = body.get("action", self._rules.mapping_actions[0]) == self._rules.mapping_actions[0]
        return MapMembers(body["advertiser_ids"], adds, rows, _groups(body["batch_data"], schema))

    def _list(self, request: Request) -> Work | Refusal:
        query, problems = _query(
            request.query,
            page=(1, None, 1),
            page_size=(1, state.number("most_page_size"), state.number("default_page_size")),
        )
        if (refusal := refusal_of(query, problems) or self._known.stranger([query["advertiser_id"]])) is not None:
            return refusal
        return ListAudiences(query["advertiser_id"], query.get(_IDS), query["page"], query["page_size"])

    def _get(self, request: Request) -> Work | Refusal:
        most = state.number("most_history_size")
        query, problems = _query(request.query, history_size=(1, most, most))
        if _IDS not in query:
            problems.append(BodyProblem(_IDS, "Missing data for required field"))
        if (refusal := refusal_of(query, problems) or self._known.stranger([query["advertiser_id"]])) is not None:
            return refusal
        return GetAudiences(query["advertiser_id"], query[_IDS], query["history_size"])


def _query(
    given: Mapping[str, str], **numbers: tuple[int, int | None, int]
) -> tuple[dict[str, Any], list[BodyProblem]]:
    """Return the parameters of a page with what is wrong with them; a number has least, most and default."""
    query: dict[str, Any] = dict(given)
    if _IDS in query:
        try:
            query[_IDS] = json.loads(query[_IDS])
        except (ValueError, RecursionError):
            query[_IDS] = None
    problems = list(_query_problems(query))
    for name, (least, most, default) in numbers.items():
        text = query.get(name, str(default))
        value = int(text) if _is_number(text) else 0
        query[name] = value
        if value < least or (most is not None and value > most):
            problems.append(BodyProblem(name, f"Must be a whole number from {least}" + (f" to {most}" if most else "")))
    return query, problems


def _query_problems(query: Mapping[str, Any]) -> Iterator[BodyProblem]:
    yield from id_problems(query, "advertiser_id")
    if _IDS in query:
        yield from id_list_problems(query, _IDS, state.number("most_ids_per_request"))


def _rows(body: Any) -> int:
    rows = body.get("batch_data") if isinstance(body, dict) else None
    return len(rows) if isinstance(rows, list) else 0


def _groups(rows: Sequence[Any], schema: Sequence[str]) -> list[tuple[str, str, str, list[bytes]]]:
    """Return the members by audience and type, so that each group is one statement."""
    groups: dict[tuple[str, str], list[bytes]] = {}
    first: dict[str, str] = {}
    for place, id_type in enumerate(schema):
        found: dict[tuple[str, ...], list[str]] = {}
        latest: list[str] = []
        for number, row in enumerate(rows):
            if not (cell := row[place]):
                continue
            if cell["audience_ids"] != latest:
                latest = cell["audience_ids"]
                digests = found.setdefault(tuple(latest), [])
                for audience_id in latest:
                    first.setdefault(audience_id, f"batch_data.{number}.{place}.audience_ids")
            digests.append(cell["id"])
        for audience_ids, column in found.items():
            members = state.members_of(id_type, column)
            for audience_id in audience_ids:
                groups.setdefault((audience_id, id_type), []).extend(members)
    return [(audience_id, id_type, first[audience_id], found) for (audience_id, id_type), found in groups.items()]


def _cut(name: str) -> str:
    """Return a name as TikTok keeps it."""
    if len(name) <= state.number("name_characters"):
        return name
    return name[: state.number("name_kept_characters")] + state.text("cut_name_ending")
