"""The way of personal data: from each column of a source that holds an identifier to each column that is sent."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from pusher.compile import Manifest, Model, SourceKey
from pusher.config import PolicyFile
from pusher.contracts import Column
from pusher.lint.context import Context, View
from pusher.lint.flow.identifiers import kinds_of as kinds_in
from pusher.lint.flow.identifiers import pii_kinds, seed_columns, source_columns
from pusher.lint.flow.relations import Output
from pusher.lint.flow.values import Hashed, Leak, Place
from pusher.lint.identity_profiles import IdentityProfiles
from pusher.lint.rules.privacy import forbidden
from pusher.payload.model import Payload

MACRO, HASHED, TWICE = "hashed_by_macro", "hashed", "hashed_twice"
TAKEN, WEAK, NOT_FOLLOWED, RAW = "taken_raw", "weakly_hashed", "not_followed", "raw"
STATES = {
    MACRO: "hashed by a macro of macros/identity/",
    HASHED: "hashed otherwise",
    TAKEN: "readable, as TikTok takes it",
    TWICE: "hashed twice",
    WEAK: "hashed, but not with SHA-256",
    NOT_FOLLOWED: "through SQL that cannot be followed",
    RAW: "readable",
}
"""How an identifier arrives, for people; the last four may not be."""
WRONG = frozenset({TWICE, WEAK, NOT_FOLLOWED, RAW})
_IDENTITY = "/identity/"
AUDIENCE = "audience"


@dataclass(frozen=True, slots=True)
class PersonalFlow:
    """One identifier in one column that is sent.

    Attributes:
        source_column: Column that it comes from, such as `retail.customers.email`.
        kind: What it is, such as `email`.
        view: Destination view that has it.
        view_column: Column of the view.
        state: How it arrives there, a key of `STATES`.
        places: Where that happens, as file and line: the hash, else what makes the column.
    """

    source_column: str
    kind: str
    view: str
    view_column: str
    state: str
    places: tuple[tuple[str, int], ...]

    def as_json(self) -> dict[str, Any]:
        """Return the fields as the JSON output prints them."""
        return {**asdict(self), "places": [{"file": file, "line": line} for file, line in self.places]}


@dataclass(frozen=True, slots=True)
class PersonalColumn:
    """A column that holds an identifier before any model reads it.

    Attributes:
        name: Source, table and column, such as `retail.customers.email`.
        kind: What it holds; `email_sha256` arrives hashed.
    """

    name: str
    kind: str


@dataclass(frozen=True, slots=True)
class Identity:
    """What the digests in one column that is sent are made by.

    Attributes:
        view: Destination view.
        view_column: Its column.
        kind: What is hashed, such as `email`.
        profiles: Identity profiles whose macros make these digests; none for SQL of its own, and for digests of the
            source.
        expected: Profile of the view's kind: that of events, or the one that the variables choose for audiences; None
            where the project's macros know no profiles.
        is_given: A source has the digests.
        places: Where they are made, as file and line.
    """

    view: str
    view_column: str
    kind: str
    profiles: tuple[str, ...]
    expected: str | None
    is_given: bool
    places: tuple[tuple[str, int], ...]

    @property
    def profile(self) -> str | None:
        """The profile that counts: the expected one, or else the first that makes the same."""
        return self.expected if self.expected in self.profiles else next(iter(self.profiles), None)

    @property
    def is_expected(self) -> bool:
        """Whether they are made as the view's kind wants; what a source brings nobody can tell."""
        return self.expected is None or self.is_given or self.expected in self.profiles

    def as_json(self) -> dict[str, Any]:
        """Return the fields as the JSON output prints them."""
        places = [{"file": file, "line": line} for file, line in self.places]
        return {**asdict(self), "profile": self.profile, "places": places}


@dataclass(frozen=True, slots=True)
class PersonalData:
    """What a project does with personal data.

    Attributes:
        columns: Columns that hold identifiers, by name.
        flows: What may become of them, by source column.
        identities: What digests are made by, by view and column.
        normaliser_version: Version of the macros that make them, or None.
    """

    columns: tuple[PersonalColumn, ...]
    flows: tuple[PersonalFlow, ...]
    identities: tuple[Identity, ...] = ()
    normaliser_version: str | None = None


def personal_data(
    manifest: Manifest,
    *,
    columns: Mapping[str, Sequence[Column]],
    source_columns: Mapping[SourceKey, Sequence[Column]],
    payload_of: Mapping[str, Payload],
    policy: PolicyFile,
    models: Sequence[Model],
    again: Manifest | None = None,
) -> PersonalData:
    """Return which columns hold identifiers, and which may reach the destination views among some models, and how.

    A column that holds several kinds, as in a table with one row for each identity, may hold any of them.

    Args:
        manifest: The compiled project.
        columns: Columns of each model.
        source_columns: Columns of each source.
        payload_of: Payload of each destination model.
        policy: Project policy.
        models: Models to judge.
        again: The project with the tables of its incremental models standing.
    """
    contexts = [
        Context(
            project,
            columns=columns,
            source_columns=source_columns,
            payload_of=payload_of,
            source_id_of={},
            policy=policy,
            source_map=lambda name, project=project: project.source_map(name, analysis=True),  # type: ignore[misc]
            models=[project.models[model.name] for model in models],
            first=None if project is manifest else manifest,
        )
        for project in dict.fromkeys([manifest, *([again] if again else [])])
    ]
    found: dict[tuple[str, str, str, str, str], dict[tuple[str, int], None]] = {}
    for context in contexts:
        for view in context.views:
            for output in view.relation.outputs:
                for one, state, place in _into(context, view, output):
                    key = (one.column, one.kind, view.model.name, output.name or "", state)
                    found.setdefault(key, {})[place] = None
    flows = tuple(PersonalFlow(*key, places=tuple(sorted(found[key]))) for key in sorted(found))
    identities = tuple(_identities(contexts))
    return PersonalData(tuple(_columns(contexts[0])), flows, identities, manifest.normaliser_version)


def _identities(contexts: Sequence[Context]) -> list[Identity]:
    """Return what the digests of each column that is sent are made by."""
    found: dict[tuple[str, str, str, tuple[str, ...], str | None, bool], set[tuple[str, int]]] = {}
    for context in contexts:
        profiles = IdentityProfiles(context.manifest, context.flow)
        for view in context.views:
            expected = profiles.of_audiences if view.payload.kind == AUDIENCE else profiles.of_events
            for output, field in view.identities():
                made = list(_made(context, profiles, output, field.pii))
                # One column that holds several kinds goes by a hash of each; its own is the one that counts.
                own = [one for one in made if one[0] == field.pii] or made
                for kind, names, is_given, place in own:
                    wanted = expected if profiles.knows(kind) else None
                    file, line, *_ = context.locate(place or context.place_in(view, output))
                    key = (view.model.name, field.column, kind, names, wanted, is_given)
                    found.setdefault(key, set()).add((file, line))
    return [Identity(*key, places=tuple(sorted(found[key]))) for key in sorted(found, key=repr)]


def _made(
    context: Context, profiles: IdentityProfiles, output: Output, wanted: str | None
) -> Iterator[tuple[str, tuple[str, ...], bool, Place | None]]:
    """Yield whose digests a column holds, their profiles, whether a source has them, and where they are made."""
    places: dict[Place | None, set[str]] = {}
    for one in output.value.flat().hashed:
        # A table's first build is looked at by itself.
        if one.place is None or one.place.model in context.manifest.models:
            places.setdefault(one.place, set()).add(one.kind)
    for place, kinds in places.items():
        made = profiles.made_at(place)
        for kind, names in made.items():
            yield kind, names, False, place
        if not made:
            kind = wanted if wanted in kinds else min(kinds)
            yield kind, (), not profiles.is_hash(place), place


def _columns(context: Context) -> list[PersonalColumn]:
    """Return the columns of sources and seeds that hold identifiers, and those that a model's own YAML declares."""
    manifest = context.manifest
    found: dict[PersonalColumn, None] = {}
    for key, source in manifest.sources.items():
        for column in source_columns(source, context.source_columns.get(key, ())):
            found |= {PersonalColumn(f"{'.'.join(key)}.{column.name}", kind): None for kind in kinds_in(column)}
    for model in manifest.models.values():
        if model.seed is not None:
            for column in seed_columns(model, context.columns.get(model.name, ())):
                found |= {PersonalColumn(f"{model.name}.{column.name}", kind): None for kind in kinds_in(column)}
    known = {one.name for one in found}
    found |= {PersonalColumn(*one): None for one in _declared_by_models(context) if one[0] not in known}
    return sorted(found, key=lambda one: (one.name, one.kind))


def _declared_by_models(context: Context) -> Iterator[tuple[str, str]]:
    """Yield the columns whose tag nothing upstream explains."""
    for model in context.manifest.models.values():
        outputs = context.flow.relation(model.name).named
        for doc in model.columns.values():
            label = f"{model.name}.{doc.name}"
            output = outputs.get(doc.name.lower())
            if output is None:
                continue
            own = {leak.column for leak in output.value.leaks} | {one.column for one in output.value.hashed}
            if label in own or f"{model.name}.{output.name}" in own:
                yield from ((label, kind) for kind in pii_kinds(doc.meta))


def _into(context: Context, view: View, output: Output) -> Iterator[tuple[Leak | Hashed, str, tuple[str, int]]]:
    wrong = set(forbidden(view, output))

    def located(place: Place | None) -> tuple[str, int]:
        file, line, *_ = context.locate(place or context.place_in(view, output))
        return file, line

    value = output.value.flat()
    for leak in value.leaks:
        state = {"weak": WEAK, "opaque": NOT_FOLLOWED}.get(leak.how, RAW) if leak in wrong else TAKEN
        yield leak, state, located(leak.place)
    for hashed in value.hashed:
        place = located(hashed.place)
        state = MACRO if _IDENTITY in f"/{place[0]}" else HASHED
        yield hashed, TWICE if hashed.times > 1 else state, place
