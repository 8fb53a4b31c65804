"""What becomes of one identifier on its way into a request: the project's own macros, then the contract's checks.

The value is a parameter of queries in an empty database in memory. It stands in no SQL text, no message, no `repr()`
and no file.
"""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import closing
from dataclasses import dataclass, field
from typing import Any

from pusher.compile import INLINE, Manifest
from pusher.contracts import EngineError
from pusher.engines.duckdb import DuckDBEngine
from pusher.errors import CompileError, ConfigError, Problem
from pusher.payload.casts import is_ip
from pusher.payload.checks import row_checks
from pusher.payload.cleaning import cleaned_sql
from pusher.payload.model import Payload
from pusher.payload.sql import identifier
from pusher.payload.types import parse_type

HASHED = ("email", "phone", "external_id", "idfa", "gaid")
KINDS = (*HASHED, "ip", "user_agent")
IN_AUDIENCES = ("email", "phone", "idfa", "gaid")
EVENTS = "events_2_0"
STATES = ("raw", "sha256", "auto")
SENT = "as a push sends it"
_MACROS = ("identity_steps", "unusable_identity")
# Macros of older projects know no profile, and are given none for events.
_QUERY = """\
select{% for name, sql in identity_steps('KIND', 'given', 'country', 'STATE'PROFILE) %}
    '{{ name | replace("'", "''") }}', {{ sql }},{% endfor %}
    '{{ NAME }}', {{ unusable_identity('KIND', 'given', 'country', 'STATE'PROFILE) }}
from (select cast($given as varchar) as given, cast($country as varchar) as country) as typed
"""
_TEXT = parse_type("VARCHAR")


@dataclass(frozen=True, slots=True)
class Step:
    """One step of the way.

    Attributes:
        name: What was done.
        value: What is left, or None.
        changed: Whether it differs from what the step before left.
    """

    name: str
    value: str | None = field(repr=False)
    changed: bool = True


@dataclass(frozen=True, slots=True)
class Explained:
    """What became of a value.

    Attributes:
        kind: Kind of identifier, of `KINDS`.
        steps: What was done, the last of them by the checks of a push.
        unusable: Why nothing is left, or None.
        profile: Identity profile that was used, None for what no macro normalises.
    """

    kind: str
    steps: tuple[Step, ...]
    unusable: str | None
    profile: str | None = None

    @property
    def digest(self) -> str | None:
        """The digest that is sent, None when none is."""
        return self.steps[-1].value if self.kind in HASHED else None


@dataclass(frozen=True, slots=True)
class Explaining:
    """What explains identifiers.

    Attributes:
        manifest: The compiled project.
        payloads: Payloads of the destination, by name.
    """

    manifest: Manifest
    payloads: Mapping[str, Payload]

    def explain(self, kind: str, value: str, *, country: str | None, state: str, in_audience: bool) -> Explained:
        """Return what becomes of a value.

        Args:
            kind: Of `KINDS`.
            value: What was typed.
            country: ISO 3166 code of a phone number's row, or None.
            state: What the column holds, of `STATES`.
            in_audience: What becomes of it in an audience, instead of in an event.

        Raises:
            CompileError: The project's macros are missing, or fail.
        """
        profile: str | None = None
        with closing(DuckDBEngine.in_memory()) as engine:
            made: list[tuple[str, str | None]] = []
            unusable: str | None = None
            if kind in HASHED:
                query = _query(kind, state, in_audience=in_audience)
                made, profile, unusable = self._through_macros(engine, query, {"given": value, "country": country})
            last = made[-1][1] if made else value
            sent, refused = self._through_checks(engine, kind, last, in_audience=in_audience)
        steps, before = [], value
        for name, after in [*made, (SENT, sent)]:
            steps.append(Step(name, after, after != before))
            before = after if after is not None else before
        return Explained(kind, tuple(steps), None if sent is not None else unusable or refused, profile)

    def _through_macros(
        self, engine: DuckDBEngine, query: str, values: dict[str, str | None]
    ) -> tuple[list[tuple[str, str | None]], str, str | None]:
        if missing := [name for name in _MACROS if name not in self.manifest.macros]:
            message = f"The project has no macro `{missing[0]}`, which says what becomes of an identifier."
            fix = "Copy macros/identity/ of a new project, which `pusher init` makes, into this one."
            raise CompileError(Problem("no-macro", message, fix=fix))
        sql = self.manifest.with_inline(query).models[INLINE].compiled_sql
        try:
            # Without a value first: what is wrong with the macros themselves can be told in full.
            engine.rows(sql, dict.fromkeys(values))
        except EngineError as error:
            fix = error.fix or "Correct the macros in macros/identity/."
            raise CompileError(Problem("macro-failed", f"The macros fail: {error.message}", fix=fix)) from None
        try:
            *row, profile, unusable = engine.rows(sql, values)[0]
        except EngineError:
            # The engine's words may quote the value.
            fix = "Guard the casts in macros/identity/ with try_cast() or a pattern."
            raise CompileError(Problem("macro-failed", "The macros fail on this value.", fix=fix)) from None
        return list(zip(row[::2], row[1::2], strict=True)), profile, unusable

    def _through_checks(
        self, engine: DuckDBEngine, kind: str, value: str | None, *, in_audience: bool
    ) -> tuple[str | None, str]:
        """Return what a push sends of a view's value, and the words for when that is nothing."""
        payload = next(one for one in self.payloads.values() if _sends(one, kind, in_audience=in_audience))
        name = payload.columns[kind].column
        columns = {kind: _TEXT}
        checks = row_checks(payload, columns, source_id=None, now_s=0)
        relation = f"(select cast($given as varchar) as {identifier(kind)})"
        refusals = [one for one in checks.reasons if one.field == kind and one.code.endswith("-too-long")]
        cases = " ".join(f"when {one.condition} then {number}" for number, one in enumerate(refusals))
        number = f"case {cases} end" if cases else "null"
        sql = f"select {identifier(name)}, {number} from ({cleaned_sql(checks, columns, checks.typed_sql(relation))})"
        sent, refused = engine.rows(sql, {"given": value})[0]
        if refused is not None:
            return None, refusals[refused].message
        if kind in HASHED:
            return sent, "It is a placeholder that many rows share, and identifies nobody."
        return sent, self._why_not_sent(engine, kind, value)

    @staticmethod
    def _why_not_sent(engine: DuckDBEngine, kind: str, value: str | None) -> str:
        if kind != "ip" or not (value or "").strip():
            return "It is empty."
        form = engine.rows(f"select {is_ip('lower(trim($given))')}", {"given": value})[0][0]
        if form:
            return "It is an address of a private or reserved network, which many share."
        return "It is no IPv4 and no IPv6 address."


def _query(kind: str, state: str, *, in_audience: bool) -> str:
    found = _QUERY.replace("KIND", kind).replace("STATE", state)
    argument, name = (", profile=audience_profile()", "audience_profile()") if in_audience else ("", f"'{EVENTS}'")
    return found.replace("PROFILE", argument).replace("NAME", name)


def _sends(payload: Payload, kind: str, *, in_audience: bool) -> bool:
    found: Any = payload.columns.get(kind)
    wanted = "audience" if in_audience else "events"
    return payload.kind == wanted and found is not None and payload.event_source in found.sources


def check_choice(kind: str, country: str | None, state: str, *, in_audience: bool) -> None:
    """Refuse a kind, country or state that is none; the words never repeat what was given, which may be a value.

    Raises:
        ConfigError: With what may be given.
    """
    if kind not in KINDS:
        fix = f"Kinds: {', '.join(KINDS)}. The value itself is asked for, and never stands on the command line."
        raise ConfigError(Problem("usage", "explain knows no such kind of identifier.", fix=fix))
    if country is not None and (kind != "phone" or not (len(country) == 2 and country.isascii() and country.isalpha())):  # noqa: PLR2004 -- ISO 3166
        fix = "Write it as --country DE, with `explain phone`."
        raise ConfigError(Problem("usage", "--country is the ISO 3166 code of a phone number's row.", fix=fix))
    if state not in STATES or (state != "raw" and kind not in HASHED):
        fix = f"States: {', '.join(STATES)}; an IP address and a user agent are never hashed."
        raise ConfigError(Problem("usage", "--state is none of the states of a column.", fix=fix))
    if in_audience and kind not in IN_AUDIENCES:
        fix = f"Kinds in audiences: {', '.join(IN_AUDIENCES)}."
        raise ConfigError(Problem("usage", f"An audience has no {kind}.", fix=fix))
