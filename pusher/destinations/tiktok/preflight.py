"""Look-ups before a push: whether the token is taken, and whether accounts and event sources are there.

Nothing here changes anything at TikTok. What TikTok has no answer for is not guessed: the user's role shows only in a
refusal, and a token that may not read the account's status leaves that open.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from email.utils import parsedate_to_datetime
from functools import cache
from typing import Any
from urllib.parse import urlencode

from pusher.contracts import Answer, Failure, LookUp, Need, Seen, Verdict
from pusher.destinations.tiktok import oauth
from pusher.destinations.tiktok.facts import contract, tables
from pusher.destinations.tiktok.responses import data_of, verdict
from pusher.payload.model import Payload
from pusher.transport import redact

_TOKEN, _ACCOUNT, _AUDIENCE = "token", "account", "audience"
_UNANSWERED = {"retry", "unknown"}
_OF_ACCOUNTS = {"advertiser", "other_advertiser", "unanswered"}


class TikTokPreflight:
    """TikTok's side of a preflight; see `PreflightApi`."""

    def __init__(self) -> None:
        numbers = _facts()["number"]
        self.most_clock_skew = timedelta(seconds=numbers["most_clock_skew_s"]["value"])
        self.kept_for = timedelta(seconds=numbers["kept_for_s"]["value"])

    def look_ups(self, needs: Sequence[Need]) -> list[LookUp]:
        """Return what to ask; see `PreflightApi.look_ups`."""
        asked = [LookUp(_facts()[_TOKEN]["path"], _TOKEN)]
        asked += [look_up for need in needs for look_up in _look_ups(need)]
        return list(dict.fromkeys(asked))

    def has_look_up(self, payload: Payload) -> bool:
        """Say whether an event source can be looked up; see `PreflightApi.has_look_up`."""
        return payload.event_source in _facts()

    def seen(self, look_up: LookUp, result: Answer | Failure) -> Seen:
        """Return what an attempt told; see `PreflightApi.seen`."""
        found = verdict(contract(), result, rows=1)
        time = _server_time(result)
        if found.outcome == "accepted" and isinstance(result, Answer):
            if look_up.kind == _ACCOUNT:
                return _standing(look_up, data_of(result), time)
            name = _name_found(look_up, data_of(result))
            return Seen("absent" if name is None else "there", name or "", server_time=time)
        code = "" if found.code is None else f" (code {found.code})"
        words = f"{found.message.rstrip('.') or 'no message'}{code}"
        said = _said(found)
        if look_up.kind == _ACCOUNT and said not in _OF_ACCOUNTS:
            # A token that may not read this may do all that a push needs.
            said = "refused"
        return Seen(said, words=words, server_time=time)

    def remedy(self, said: str) -> str:
        """Return what to do; see `PreflightApi.remedy`."""
        text: str = _facts()["remedies"][said]
        return text

    def scopes(self, need: Need) -> Mapping[str, tuple[str, ...]]:
        """Return the scopes that a push of a view needs; see `PreflightApi.scopes`."""
        found: dict[str, tuple[str, ...]] = {}
        for path in _paths(need):
            scope = _scopes_of_endpoints()[path]
            found[scope] = (*found.get(scope, ()), path)
        return found

    def look_up_scopes(self, need: Need) -> Mapping[str, str]:
        """Return the scopes that only look-ups need; see `PreflightApi.look_up_scopes`."""
        found: dict[str, list[str]] = {}
        for kind in dict.fromkeys(look_up.kind for look_up in _look_ups(need)):
            fact = _facts()[kind]
            found.setdefault(_scopes_of_endpoints()[fact["path"]], []).append(fact.get("tells", ""))
        needed = self.scopes(need)
        return {scope: " and ".join(told) for scope, told in found.items() if scope not in needed}

    def scope_name(self, scope: str) -> str:
        """Return TikTok's name of a scope; see `PreflightApi.scope_name`."""
        return oauth.scope(scope).name

    def grants(self, granted: Collection[str], scope: str) -> bool:
        """Say whether granted scopes hold a scope; see `PreflightApi.grants`."""
        return oauth.is_granted(scope, granted)


def _look_ups(need: Need) -> Iterator[LookUp]:
    """Yield what to ask about a view, at each of its advertisers."""
    for advertiser_id in need.advertisers:
        fact = _facts()[_ACCOUNT]
        query = {fact["ids"]: json.dumps([advertiser_id]), "fields": json.dumps(fact["fields"])}
        yield LookUp(f"{fact['path']}?{urlencode(query)}", _ACCOUNT, fact["what"], advertiser_id, advertiser_id)
    kind = need.payload.event_source
    fact = _facts().get(kind)
    if fact is None or (kind != _AUDIENCE and need.source_id is None):
        return
    for advertiser_id in need.advertisers:
        asked: dict[str, Any] = {"advertiser_id": advertiser_id}
        wanted = ""
        if kind == _AUDIENCE:
            # The shortest answer that proves that the account is there.
            asked |= {"page": 1, "page_size": 1}
        else:
            wanted = need.source_id or ""
            asked |= {fact["ids"]: json.dumps([wanted])} if "ids" in fact else {fact["one"]: wanted}
        yield LookUp(f"{fact['path']}?{urlencode(asked)}", kind, fact["what"], advertiser_id, wanted)


def _standing(look_up: LookUp, data: Mapping[str, Any], time: datetime | None) -> Seen:
    """Return whether an ad account is approved, as its details tell it."""
    fact = _facts()[_ACCOUNT]
    listed = data.get(fact["list"])
    for one in listed if isinstance(listed, list) else ():
        if not isinstance(one, dict) or str(one.get(fact["id"])) != look_up.wanted:
            continue
        status = redact(str(one.get(fact["status"]) or ""))
        known = _facts()["account_statuses"]["value"].get(status)
        if known is None:
            return Seen("untold", words=f"the status of its ad account is {status or 'empty'}", server_time=time)
        words = f"{known['meaning']} ({status})"
        # A person wrote it.
        reason = redact(" ".join(str(one.get(fact["reason"]) or "").split())).rstrip(".")
        words += f", because: {reason}" if reason else ""
        name = redact(str(one.get(fact["name"]) or ""))
        return Seen(known["standing"], name, words, server_time=time)
    return Seen("untold", words="no status of its ad account is listed", server_time=time)


def _name_found(look_up: LookUp, data: Mapping[str, Any]) -> str | None:
    """Return the name of what was looked for, or None if the answer does not have it."""
    if not look_up.wanted:
        return ""
    fact = _facts()[look_up.kind]
    listed = data.get(fact["list"])
    for one in listed if isinstance(listed, list) else ():
        if not isinstance(one, dict) or str(one.get(fact["id"])) != look_up.wanted:
            continue
        # An event set says whose it is; other lists hold the asked account's own only.
        if str(one.get("advertiser_id", look_up.advertiser_id)) == look_up.advertiser_id:
            # A person gave it, and may have written anything into it.
            return redact(str(one.get(fact["name"]) or ""))
    return None


def _said(found: Verdict) -> str:
    """Return what a refusal is about."""
    facts = _facts()["refusals"]
    code = found.code
    if code is not None:
        if code == facts["other_advertiser"]:
            return "other_advertiser"
        if code == facts["role"]:
            return "role"
        if facts["advertiser_first"] <= code <= facts["advertiser_last"]:
            return "advertiser"
        if facts["scope_first"] <= code <= facts["scope_last"]:
            return "scope"
    if found.outcome in _UNANSWERED:
        return "unanswered"
    return "token" if found.response_class == "AUTH" else "refused"


def _server_time(result: Answer | Failure) -> datetime | None:
    if isinstance(result, Failure):
        return None
    try:
        found = parsedate_to_datetime(result.headers.get("date", ""))
    except (ValueError, TypeError):
        return None
    # A date without a zone is not the header that HTTP asks for.
    return found if found.tzinfo is not None else None


def _paths(need: Need) -> Iterator[str]:
    """Yield the endpoints that a push of a view calls."""
    names = ["events" if need.payload.event_source != _AUDIENCE else need.method]
    if need.method == "file" and len(need.advertisers) > 1:
        # An audience of files is shared with every advertiser but its owner.
        names.append("share")
    for name in names:
        yield from tables("oauth")["need"][name]["endpoints"]


@cache
def _scopes_of_endpoints() -> Mapping[str, str]:
    return {endpoint["path"]: endpoint["scope"] for endpoint in tables("api")["endpoint"]}


def _facts() -> Mapping[str, Any]:
    return tables("look_ups")


@cache
def tiktok_preflight() -> TikTokPreflight:
    """Return the one instance."""
    return TikTokPreflight()
