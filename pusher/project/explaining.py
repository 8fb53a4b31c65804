"""What becomes of one identifier on its way into a request: the project's own macros, then the contract's checks.

The value is a parameter of queries in an empty database in memory. It stands in no SQL text, no message, no `repr()`
and no file.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from contextlib import closing
from dataclasses import dataclass, field
from typing import Any

from pusher.compile import INLINE, INLINE_OPTION, Manifest
from pusher.contracts import EngineError
from pusher.engines.duckdb import DuckDBEngine
from pusher.errors import CompileError, ConfigError, Problem
from pusher.payload.casts import is_ip
from pusher.payload.checks import row_checks
from pusher.payload.cleaning import cleaned_sql
from pusher.payload.model import Payload
from pusher.payload.sql import identifier, literal
from pusher.payload.types import parse_type

HASHED = ("email", "phone", "external_id", "idfa", "gaid")
KINDS = (*HASHED, "ip", "user_agent")
IN_AUDIENCES = ("email", "phone", "idfa", "gaid")
EVENTS = "events_2_0"
STATES = ("raw", "sha256", "auto")
SENT = "as a push sends it"
_MACROS = ("identity_steps", "unusable_identity")
# Macros of older projects know no profile, and are given none for events.
# Each SQL stands in brackets of its own, so that none can be several columns.
_QUERY = """\
{% set steps = identity_steps('KIND', 'given', 'country', 'STATE'PROFILE) %}
{% if steps is string or steps is mapping or steps is not iterable %}
{{ exceptions.raise_compiler_error('`identity_steps` returns no list of steps.') }}
{% endif %}
{% for step in steps %}
{% if step is string or step is not sequence or step | reject('string') | list or step | length != 2 %}
{{ exceptions.raise_compiler_error('A step of `identity_steps` is no pair of a name and its SQL, both texts.') }}
{% endif %}
{% endfor %}
{% if not steps | list %}
{{ exceptions.raise_compiler_error('`identity_steps` has no step for `KIND`.') }}
{% endif %}
select (
{{ unusable_identity('KIND', 'given', 'country', 'STATE'PROFILE) }}
){% for name, sql in steps %}, '{{ name | replace("'", "''") }}', (
{{ sql }}
){% endfor %}, '{{ NAME }}'
from (select cast($given as varchar) as given, cast($country as varchar) as country) as typed
"""
_DIGEST = re.compile("[0-9A-Fa-f]{64}")
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
        may_quote: These words were made for the value, and may hold it: they are no text of the macros.
    """

    kind: str
    steps: tuple[Step, ...]
    unusable: str | None = field(repr=False)
    profile: str | None = None
    may_quote: bool = False

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
        with closing(DuckDBEngine.in_memory()) as engine:
            made = _Made((), None)
            if kind in HASHED:
                query = _query(kind, state, in_audience=in_audience)
                made = self._through_macros(engine, query, {"given": value, "country": country})
            last = made.steps[-1][1] if made.steps else value
            sent, refused = self._through_checks(engine, kind, last, in_audience=in_audience)
        steps, before = [], value
        for name, after in [*made.steps, (SENT, sent)]:
            steps.append(Step(name, after, after != before))
            before = after if after is not None else before
        if sent is not None:
            return Explained(kind, tuple(steps), None, made.profile)
        if made.unusable is not None:
            return Explained(kind, tuple(steps), made.unusable, made.profile, made.may_quote)
        return Explained(kind, tuple(steps), refused, made.profile)

    def _through_macros(self, engine: DuckDBEngine, query: str, values: dict[str, str | None]) -> _Made:
        if missing := [name for name in _MACROS if name not in self.manifest.macros]:
            message = f"The project has no macro `{missing[0]}`, which says what becomes of an identifier."
            fix = "Copy macros/identity/ of a new project, which `pusher init` makes, into this one."
            raise CompileError(Problem("no-macro", message, fix=fix))
        try:
            sql = self.manifest.with_inline(query).models[INLINE].compiled_sql
        except CompileError as error:
            # The query is ours: a place in it says nothing to anybody.
            problems = (
                Problem("macro-failed", one.message, fix="Correct the macros in macros/identity/.")
                if one.file == INLINE_OPTION
                else one
                for one in error.problems
            )
            raise CompileError(*problems) from None
        try:
            # Without a value first: what is wrong with the macros themselves can be told in full.
            engine.rows(sql, dict.fromkeys(values))
        except EngineError as error:
            raise _failure(f"The macros fail: {error.message}", error.fix) from None
        try:
            rows = engine.rows(sql, values)
        except EngineError:
            # The engine's words may quote the value.
            fix = "Guard the casts in macros/identity/ with try_cast() or a pattern."
            raise _failure("The macros fail on this value.", fix) from None
        return _made(rows, sql)

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
        if kind in HASHED and value is None:
            return None, "The macros of the project leave nothing of it, and do not say why."
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


@dataclass(frozen=True, slots=True)
class _Made:
    """What the macros make of a value: names and values of the steps, what `unusable_identity` says, the profile."""

    steps: tuple[tuple[str, str | None], ...] = field(repr=False)
    unusable: str | None = field(repr=False)
    profile: str | None = None
    may_quote: bool = False


def _made(rows: list[tuple[Any, ...]], sql: str) -> _Made:
    """Return what the one row of the query says."""
    if len(rows) != 1 or len(rows[0]) % 2:
        raise _failure("`unusable_identity` and each step of `identity_steps` must give one value of one row.")
    unusable, *row, profile = rows[0]
    steps = tuple(zip(row[::2], row[1::2], strict=True))
    texts = {"`unusable_identity`": unusable, **{f"Step `{name}` of `identity_steps`": value for name, value in steps}}
    for whose, value in texts.items():
        if value is not None and not isinstance(value, str):
            raise _failure(f"{whose} gives something that is no text.", "Give one value, and cast it to varchar.")
    digest = steps[-1][1]
    if digest is not None and not _DIGEST.fullmatch(digest.strip(" ")):
        raise _failure(
            "The last step of `identity_steps` gives no digest: 64 hexadecimal digits.",
            "End with what a model gets, as hashed_email() does for an e-mail address.",
        )
    # No value stands in the SQL, so that what is a text of it is none of the value's.
    return _Made(steps, unusable, profile, may_quote=unusable is not None and literal(unusable) not in sql)


def _failure(message: str, fix: str | None = None) -> CompileError:
    return CompileError(Problem("macro-failed", message, fix=fix or "Correct the macros in macros/identity/."))


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
