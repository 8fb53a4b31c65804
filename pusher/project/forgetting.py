"""From raw identifiers to every digest that a view may hold of them, by the project's own macros.

The values are parameters of queries in an empty database in memory. They stand in no SQL text, no message, no
`repr()` and no file.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass, field

from pusher.compile import INLINE, Manifest
from pusher.contracts import EngineError
from pusher.engines.duckdb import DuckDBEngine
from pusher.errors import CompileError, Problem
from pusher.payload.model import Payload

KINDS = ("email", "phone", "device")
ANY = "every profile"
_MACROS = ("identity_profiles", "hashed_email", "hashed_phone", "hashed_idfa", "hashed_gaid", "normalize_device_id")
_DEVICE = re.compile("[0-9A-Fa-f]{8}(-[0-9A-Fa-f]{4}){3}-[0-9A-Fa-f]{12}")
_FROM = """\
 from (
    select unnest(given) as given, generate_subscripts(given, 1) as place, country
    from (select string_split(cast($given as varchar), chr(10)) as given, cast($country as varchar) as country)
) as typed
"""
# Each digest stands behind the name of the profile that it is made by.
_QUERIES = {
    "email": """\
select place{% for profile in identity_profiles() %},
    '{{ profile }}', {{ hashed_email('given', 'raw', profile) }}{% endfor %}
""",
    "phone": """\
select place, 'ANY', {{ hashed_phone('given', 'country') }}
""",
    # A view may have either case, whatever the variables say today.
    "device": """\
select place, 'events_2_0', {{ hashed_idfa('given') }}, 'events_2_0', {{ hashed_gaid('given') }},
    'audiences', sha256({{ normalize_device_id('given', 'lower') }}),
    'audiences', sha256({{ normalize_device_id('given', 'upper') }})
""",
}
_COLUMNS = {"email": ("email",), "phone": ("phone",), "device": ("idfa", "aaid")}


@dataclass(frozen=True, slots=True)
class Derived:
    """Digests of the people who are to be forgotten.

    Attributes:
        identifiers: All digests, as (kind of an audience, digest).
        given: Lines that were read, by kind.
        made: Distinct digests by kind and profile.
        unusable: Numbers of the lines that no macro can read, from 1.
    """

    identifiers: frozenset[tuple[str, str]] = field(repr=False)
    given: Mapping[str, int]
    made: Mapping[tuple[str, str], int]
    unusable: tuple[int, ...]

    def as_json(self) -> dict[str, object]:
        """Return the numbers as the JSON output prints them."""
        made = [{"kind": kind, "profile": profile, "digests": count} for (kind, profile), count in self.made.items()]
        return {"given": dict(self.given), "digests": made, "unusable_lines": list(self.unusable)}


def kind_of(line: str) -> str:
    """Return what a line is: an address has an @, a device id its four hyphens, and all else is a number."""
    if "@" in line:
        return "email"
    return "device" if _DEVICE.fullmatch(line.strip()) else "phone"


def _count(numbered: Sequence[tuple[int, str]], readable: Collection[int]) -> int:
    return sum(number in readable for number, _ in numbered)


@dataclass(frozen=True, slots=True)
class Deriving:
    """What makes digests.

    Attributes:
        manifest: The compiled project.
        payload: The payload of audiences, which says how kinds are called.
    """

    manifest: Manifest
    payload: Payload

    def derive(self, lines: Sequence[str], *, country: str | None) -> Derived:
        """Return every digest of some people.

        Args:
            lines: E-mail addresses, phone numbers and advertising ids; blank lines are skipped.
            country: ISO 3166 code of numbers in national form, or None for the var `default_country`.

        Raises:
            CompileError: The project's macros are missing, or fail.
        """
        self._check_macros()
        by_kind: dict[str, list[tuple[int, str]]] = {kind: [] for kind in KINDS}
        for number, line in enumerate(lines, start=1):
            if line.strip():
                by_kind[kind_of(line)].append((number, line))
        identifiers: set[tuple[str, str]] = set()
        digests: dict[tuple[str, str], set[str]] = {}
        readable: set[int] = set()
        with closing(DuckDBEngine.in_memory()) as engine:
            for kind, numbered in by_kind.items():
                for place, profile, digest in self._digests(engine, kind, [line for _, line in numbered], country):
                    digests.setdefault((kind, profile), set()).add(digest)
                    readable.add(numbered[place][0])
                    identifiers |= {(self.payload.columns[name].path, digest) for name in _COLUMNS[kind]}
        return Derived(
            frozenset(identifiers),
            {kind: count for kind, numbered in by_kind.items() if (count := _count(numbered, readable))},
            {name: len(found) for name, found in digests.items()},
            tuple(sorted({number for numbered in by_kind.values() for number, _ in numbered} - readable)),
        )

    def _check_macros(self) -> None:
        if missing := [name for name in _MACROS if name not in self.manifest.macros]:
            message = f"The project has no macro `{missing[0]}`, which says what digests a person has."
            fix = "Copy macros/identity/ of a new project, which `pusher init` makes, into this one."
            raise CompileError(Problem("no-macro", message, fix=fix))

    def _digests(
        self, engine: DuckDBEngine, kind: str, values: Sequence[str], country: str | None
    ) -> Iterator[tuple[int, str, str]]:
        """Yield the place of a value, a profile and the digest."""
        if not values:
            return
        sql = self.manifest.with_inline(_QUERIES[kind].replace("ANY", ANY) + _FROM).models[INLINE].compiled_sql
        try:
            # Without a value first: what is wrong with the macros themselves can be told in full.
            engine.rows(sql, {"given": None, "country": None})
        except EngineError as error:
            fix = error.fix or "Correct the macros in macros/identity/."
            raise CompileError(Problem("macro-failed", f"The macros fail: {error.message}", fix=fix)) from None
        try:
            rows = engine.rows(sql, {"given": "\n".join(values), "country": country})
        except EngineError:
            # The engine's words may quote a value.
            fix = "Guard the casts in macros/identity/ with try_cast() or a pattern."
            raise CompileError(Problem("macro-failed", "The macros fail on one of these values.", fix=fix)) from None
        for place, *made in rows:
            for profile, digest in zip(made[::2], made[1::2], strict=True):
                if digest is not None:
                    yield place - 1, profile, digest
