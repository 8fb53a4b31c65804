"""What the answers to look-ups mean: a list of checks, each ok, failed with its remedy, or one that nobody can tell."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import timedelta
from typing import Any

from pusher.contracts import LookUp, Need, PreflightApi, Seen
from pusher.credentials import EVENTS, OAUTH, REACHES_NO_AUDIENCE
from pusher.errors import DestinationRefused, Problem, UsageError

OK, FAILED, UNKNOWN = "ok", "failed", "unknown"
_EVENTS_ONLY = "a token of Events Manager can look nothing up"


@dataclass(frozen=True, slots=True)
class PreflightCheck:
    """One thing that a push needs of the account.

    Attributes:
        name: `token`, `scopes`, `advertiser`, `event_source`, `role` or `clock`.
        about: Id or view that it is about, or empty.
        status: `ok`, `failed`, or `unknown` because TikTok does not tell.
        found: What there is, or why nobody can tell, one line; empty when it failed.
        problem: What is wrong and what to do, when it failed.
        exit_code: Code that a failure ends with, 2 or 3; else 0.
        is_certain: The failure is one whatever kind of token this is.
        part: Views that it is about, `events` or `audiences`, when these have tokens of their own; else None.
    """

    name: str
    about: str
    status: str
    found: str = ""
    problem: Problem | None = None
    exit_code: int = 0
    is_certain: bool = True
    part: str | None = None

    def as_json(self) -> dict[str, Any]:
        """Return the fields as the JSON output prints them."""
        shown = asdict(self)
        shown["problem"] = None if self.problem is None else self.problem.as_json()
        return {name: shown[name] for name in ("name", "about", "status", "found", "problem", "part")}


@dataclass(frozen=True, slots=True)
class Asked:
    """What was asked, and what came of it.

    Attributes:
        api: The destination's side.
        needs: What the views need.
        answers: What each look-up told; those that were not asked are missing.
        kind: `oauth` or `events`, or None when nobody knows what kind of token this is.
        granted: Ids of the scopes that the token was granted, or None when that is not known.
        skew: How much the destination's clock is ahead of ours, or None when it was not told.
        own_clock: Why the clocks cannot be compared, or empty.
        rows_name_source: Says whether the rows of a view name their event source themselves.
        accounts_place: File and line of the settings that name accounts, for a need that says none.
        whose: Words that tell the token from others, with a blank before them; empty when there is one.
    """

    api: PreflightApi
    needs: Sequence[Need]
    answers: Mapping[LookUp, Seen]
    kind: str | None = None
    granted: tuple[str, ...] | None = None
    skew: timedelta | None = None
    own_clock: str = ""
    rows_name_source: Callable[[str], bool] = lambda _model: False
    accounts_place: tuple[str | None, int | None] = (None, None)
    whose: str = ""

    @property
    def is_certain(self) -> bool:
        """Whether a refusal counts: a token of Events Manager is refused look-ups, and may yet send events."""
        fills_audiences = any(need.payload.kind == "audience" for need in self.needs)
        told = _ANSWERED | _STANDINGS
        reads_accounts = any(one.advertiser_id and seen.said in told for one, seen in self.answers.items())
        return self.kind == OAUTH or fills_audiences or reads_accounts

    def of(self, advertiser_id: str) -> list[Seen]:
        """Return what was told about an ad account."""
        return [seen for one, seen in self.answers.items() if one.advertiser_id == advertiser_id]

    def standing(self, advertiser_id: str) -> Seen | None:
        """Return what was told about the status of an ad account, or None when it was not asked."""
        told = (seen for one, seen in self.answers.items() if (one.kind, one.wanted) == (_ACCOUNT, advertiser_id))
        return next(told, None)


_ACCOUNT = "account"
_ANSWERED = {"there", "absent"}
_STOPPING = {
    "pending": "is not approved yet",
    "rejected": "was not approved",
    "limited": "is not open",
    "closed": "is not open",
}
_STANDINGS = {"approved", "changing", *_STOPPING}


def judge(asked: Asked) -> list[PreflightCheck]:
    """Return every check, in the order in which a person would look."""
    return [
        _token(asked),
        *_scopes(asked),
        *(_advertiser(asked, one) for one in dict.fromkeys(one for need in asked.needs for one in need.advertisers)),
        *_event_sources(asked),
        *_roles(asked),
        _clock(asked),
    ]


def _failed(
    asked: Asked, name: str, about: str, message: str, fix: str, *, refused: bool = True, **more: Any
) -> PreflightCheck:
    kind = DestinationRefused if refused else UsageError
    problem = Problem(f"preflight-{name.replace('_', '-')}", message, more.get("file"), more.get("line"), fix=fix)
    certain = more.get("is_certain", asked.is_certain)
    return PreflightCheck(name, about, FAILED, problem=problem, exit_code=kind.exit_code, is_certain=certain)


def _token(asked: Asked) -> PreflightCheck:
    if asked.kind == EVENTS:
        models = [need.model for need in asked.needs if need.payload.kind == "audience"]
        if models:
            message = f"A token of Events Manager cannot fill audiences ({', '.join(models)})."
            return _failed(asked, "token", "", message, REACHES_NO_AUDIENCE, refused=False)
        return PreflightCheck("token", "", UNKNOWN, f"{_EVENTS_ONLY}; the first request tells")
    said = {seen.said: seen for seen in asked.answers.values()}
    if "token" in said:
        message = f"TikTok does not take the access token{asked.whose}: {said['token'].words}."
        return _failed(asked, "token", "", message, asked.api.remedy("token"))
    if said.keys() - {"unanswered", "refused"}:
        return PreflightCheck("token", "", OK, "TikTok takes it")
    return PreflightCheck("token", "", UNKNOWN, _why(said.values()))


def _scopes(asked: Asked) -> Iterator[PreflightCheck]:
    """Yield a failure for each scope that the token lacks, else one line."""
    if asked.kind == EVENTS:
        yield PreflightCheck("scopes", "", UNKNOWN, "a token of Events Manager has none to show")
        return
    refused = {one.what: seen for one, seen in asked.answers.items() if seen.said == "scope" and one.kind == "audience"}
    wanted: dict[str, list[Need]] = {}
    for need in asked.needs:
        for scope in asked.api.scopes(need):
            wanted.setdefault(scope, []).append(need)
    if asked.granted is None:
        if refused:
            (seen, *_) = refused.values()
            message = f"The token{asked.whose} lacks a scope that audiences need: {seen.words}."
            yield _failed(asked, "scopes", "", message, asked.api.remedy("scope"))
        else:
            yield PreflightCheck("scopes", "", UNKNOWN, "only a login tells which scopes a token has")
        return
    missing = [scope for scope in wanted if not asked.api.grants(asked.granted, scope)]
    for scope in missing:
        models = ", ".join(need.model for need in wanted[scope])
        paths = ", ".join(dict.fromkeys(path for need in wanted[scope] for path in asked.api.scopes(need)[scope]))
        message = (
            f"The token{asked.whose} lacks the scope {_named(asked.api, scope)}, which {models} needs for {paths}."
        )
        yield _failed(asked, "scopes", scope, message, asked.api.remedy("scope"), is_certain=True)
    if not missing:
        names = ", ".join(_named(asked.api, scope) for scope in wanted)
        yield PreflightCheck("scopes", "", OK, f"granted: {names}")


def _named(api: PreflightApi, scope: str) -> str:
    name = api.scope_name(scope)
    return name if name == scope else f"{name} ({scope})"


def _advertiser(asked: Asked, advertiser_id: str) -> PreflightCheck:
    said = {seen.said: seen for seen in asked.of(advertiser_id)}
    places = (need.accounts_place for need in asked.needs if advertiser_id in need.advertisers)
    file, line = next((place for place in places if place is not None), asked.accounts_place)
    standing = asked.standing(advertiser_id) or Seen("untold", words="it was not asked")
    if standing.said in _STOPPING:
        text = f"Advertiser {advertiser_id} {_STOPPING[standing.said]}: {standing.words}."
        fix = asked.api.remedy(standing.said)
        return _failed(asked, "advertiser", advertiser_id, text, fix, file=file, line=line)
    if standing.said == "approved":
        return PreflightCheck("advertiser", advertiser_id, OK, "approved, and this token may read it")
    if standing.said == "changing":
        return PreflightCheck("advertiser", advertiser_id, OK, f"approved before; {standing.words}")
    if _ANSWERED & said.keys():
        found = f"there, and this token may read it; whether it is approved is not told: {standing.words}"
        return PreflightCheck("advertiser", advertiser_id, OK, found)
    for what, message in (
        ("advertiser", "does not exist for this token, or is not approved"),
        ("other_advertiser", "is not one that this token was granted"),
    ):
        if what in said:
            text = f"Advertiser {advertiser_id} {message}: {said[what].words}."
            fix = asked.api.remedy(what)
            return _failed(asked, "advertiser", advertiser_id, text, fix, file=file, line=line)
    return PreflightCheck("advertiser", advertiser_id, UNKNOWN, _why(said.values(), asked.kind))


def _event_sources(asked: Asked) -> Iterator[PreflightCheck]:
    """Yield a check for each event set or pixel that the settings name."""
    seen: set[tuple[str, str | None]] = set()
    for need in asked.needs:
        key = need.payload.event_source, need.source_id
        if need.payload.kind == "audience" or key in seen:
            continue
        seen.add(key)
        yield _event_source(asked, need)


def _event_source(asked: Asked, need: Need) -> PreflightCheck:
    source_id, setting = need.source_id, need.payload.source_id_setting
    about = source_id or need.model

    def unknown(why: str) -> PreflightCheck:
        return PreflightCheck("event_source", about, UNKNOWN, why)

    if source_id is None:
        return unknown(f"each row names it: {setting} is not set")
    if not asked.api.has_look_up(need.payload):
        return unknown(f"TikTok has no look-up of a {setting}")
    if not need.advertisers:
        return unknown("advertiser_ids is not set, so there is no account to ask about it")
    looked = [
        (one, told)
        for one, told in asked.answers.items()
        if (one.kind, one.wanted) == (need.payload.event_source, source_id)
    ]
    for one, told in looked:
        if told.said == "there":
            name = f"`{told.name}`, " if told.name else ""
            return PreflightCheck("event_source", about, OK, f"{name}{one.what} of advertiser {one.advertiser_id}")
    if len(looked) < len(need.advertisers) or any(told.said != "absent" for _, told in looked):
        return unknown(_why((told for _, told in looked), asked.kind))
    if asked.rows_name_source(need.model):
        return unknown(f"no {looked[0][0].what} of these advertisers; rows of {need.model} may name another")
    owners = " or ".join(need.advertisers)
    message = f"{looked[0][0].what.capitalize()} {source_id} ({setting}) is none of advertiser {owners}."
    fix = asked.api.remedy("absent")
    return _failed(asked, "event_source", about, message, fix, file=need.file, line=need.line)


def _roles(asked: Asked) -> Iterator[PreflightCheck]:
    """Yield a failure for each ad account that TikTok gives no right to, else one line."""
    refused = {one.advertiser_id: seen for one, seen in asked.answers.items() if seen.said == "role"}
    refused.pop("", None)
    for advertiser_id, seen in refused.items():
        message = f"The token's user has no right to advertiser {advertiser_id}: {seen.words}."
        yield _failed(asked, "role", advertiser_id, message, asked.api.remedy("role"))
    if not refused:
        yield PreflightCheck("role", "", UNKNOWN, "TikTok names no role; it refuses with 40001 where one is missing")


def _clock(asked: Asked) -> PreflightCheck:
    if asked.own_clock:
        return PreflightCheck("clock", "", UNKNOWN, asked.own_clock)
    if asked.skew is None:
        return PreflightCheck("clock", "", UNKNOWN, "no answer says what time it is")
    if abs(asked.skew) <= asked.api.most_clock_skew:
        return PreflightCheck("clock", "", OK, f"{abs(asked.skew).total_seconds():.0f} s from TikTok's")
    direction = "behind" if asked.skew > timedelta() else "ahead of"
    message = f"This machine's clock is {_span(abs(asked.skew))} {direction} TikTok's."
    return _failed(asked, "clock", "", message, asked.api.remedy("clock"), refused=False, is_certain=True)


def _span(length: timedelta) -> str:
    minutes = int(length.total_seconds()) // 60
    days, hours = minutes // 1440, minutes % 1440 // 60
    if days:
        return f"{days} d {hours} h"
    return f"{hours} h {minutes % 60} min" if hours else f"{minutes} min"


def _why(told: Iterable[Seen], kind: str | None = None) -> str:
    """Return why nobody can tell."""
    if kind == EVENTS:
        return _EVENTS_ONLY
    first = next((seen for seen in told if seen.words), None)
    return f"TikTok does not say: {first.words}" if first is not None else "it was not asked"
