"""Which identity profile a digest follows: the SQL of its hash is that of the project's macro for this profile."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import sqlglot
from sqlglot import exp
from sqlglot.errors import SqlglotError

from pusher.compile import INLINE, Manifest
from pusher.errors import CompileError
from pusher.lint.flow.project import Failure, Flow
from pusher.lint.flow.relations import span
from pusher.lint.flow.values import Place

EVENTS = "events_2_0"
_GIVEN, _COUNTRY = "pusher_given", "pusher_country"
# What each kind of identifier is hashed by; macros of a kind that the project lacks are asked for nothing.
_CALLS: Mapping[str, tuple[str, ...]] = {
    "email": (f"hashed_email('{_GIVEN}', 'raw', profile)",),
    "phone": (f"hashed_phone('{_GIVEN}')", f"hashed_phone('{_GIVEN}', '{_COUNTRY}')"),
    "external_id": (f"hashed_external_id('{_GIVEN}')",),
    "idfa": (f"hashed_idfa('{_GIVEN}', 'raw', profile)",),
    "gaid": (f"hashed_gaid('{_GIVEN}', 'raw', profile)",),
}
_NEEDED = ("identity_profiles", "audience_profile")


@dataclass(frozen=True, slots=True)
class Digest:
    """What a macro makes of an identifier.

    Attributes:
        kind: Kind of identifier, such as `email`.
        profile: Name of the profile.
        sql: Its hash, with marks for the arguments.
    """

    kind: str
    profile: str
    sql: exp.Expr


class IdentityProfiles:
    """Tells the profiles of a project's digests.

    Args:
        manifest: The compiled project.
        flow: Its parsed models.

    Attributes:
        of_audiences: The profile that the project's variables choose for audiences; None without the macros.
        of_events: The profile of events, likewise.
    """

    def __init__(self, manifest: Manifest, flow: Flow) -> None:
        self._flow = flow
        self._digests: list[Digest] = []
        self.of_audiences: str | None = None
        self.of_events: str | None = None
        if not all(name in manifest.macros for name in _NEEDED):
            return
        calls = {kind: made for kind, made in _CALLS.items() if f"hashed_{kind}" in manifest.macros}
        try:
            tree = sqlglot.parse_one(_rendered(manifest, calls), dialect="duckdb")
        except (CompileError, SqlglotError, RecursionError):
            # Macros of older projects know no profile.
            return
        chosen, *made = tree.expressions
        self.of_audiences, self.of_events = str(chosen.this), EVENTS
        triples = zip(made[::3], made[1::3], made[2::3], strict=True)
        self._digests = [Digest(str(kind.this), str(profile.this), _hash_in(sql)) for kind, profile, sql in triples]

    def made_at(self, place: Place | None) -> dict[str, tuple[str, ...]]:
        """Return whose digests the macros make at a place, and by which profiles; nothing for SQL of its own."""
        hashes = [] if place is None else list(self._hashes_at(place))
        found: dict[str, dict[str, None]] = {}
        for one in self._digests:
            if any(_is_made_by(one.sql, node, {}) for node in hashes):
                found.setdefault(one.kind, {})[one.profile] = None
        return {kind: tuple(names) for kind, names in found.items()}

    def knows(self, kind: str) -> bool:
        """Whether profiles say how identifiers of a kind are hashed."""
        return any(one.kind == kind for one in self._digests)

    def is_hash(self, place: Place | None) -> bool:
        """Whether the models hash something at a place; a digest of a source was hashed before."""
        return place is not None and any(True for _ in self._hashes_at(place))

    def _hashes_at(self, place: Place) -> Iterator[exp.Expr]:
        tree = self._flow.tree(place.model)
        if not isinstance(tree, Failure):
            yield from (one for one in tree.find_all(exp.SHA2) if span(one, place.model) == place)


def _rendered(manifest: Manifest, calls: Mapping[str, tuple[str, ...]]) -> str:
    """Return a query of the profile of audiences and, for each digest, its kind, its profile and its SQL."""
    one = "".join(f", '{kind}', '{{{{ profile }}}}', {{{{ {call} }}}}" for kind, made in calls.items() for call in made)
    loop = f"{{% for profile in identity_profiles() %}}{one}{{% endfor %}}"
    inline = manifest.with_inline(f"select '{{{{ audience_profile() }}}}'{loop}")
    return inline.models[INLINE].compiled_sql


def _hash_in(node: exp.Expr) -> exp.Expr:
    found = node.find(exp.SHA2)
    return node if found is None else found


def _is_made_by(pattern: Any, node: Any, given: dict[str, exp.Expr]) -> bool:
    """Whether SQL is that of a macro, whatever the arguments are; each argument is the same wherever it stands."""
    if isinstance(pattern, exp.Column) and pattern.name in {_GIVEN, _COUNTRY}:
        return isinstance(node, exp.Expr) and given.setdefault(pattern.name, node) == node
    if isinstance(pattern, exp.Expr):
        if type(pattern) is not type(node):
            return False
        names = dict.fromkeys([*pattern.args, *node.args])
        return all(_is_made_by(pattern.args.get(name), node.args.get(name), given) for name in names)
    if isinstance(pattern, list) or isinstance(node, list):
        mine, theirs = pattern or [], node or []
        return len(mine) == len(theirs) and all(_is_made_by(*pair, given) for pair in zip(mine, theirs, strict=True))
    return (pattern or None) == (node or None)
