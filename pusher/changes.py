"""What a change of the models changes: which models, and how many events and how much value in the warehouse."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass, field, replace
from decimal import Decimal
from pathlib import Path
from typing import Any

from pusher.checkout import checkout
from pusher.compile import Manifest, Model, Relation
from pusher.compile.graph import downstream, reach
from pusher.config import load_project_file
from pusher.contracts import Engine, EngineError
from pusher.engines.duckdb import DuckDBEngine
from pusher.errors import ConfigError, Problem, PusherError
from pusher.money import plain
from pusher.payload.model import Payload
from pusher.payload.sql import identifier
from pusher.progress import silent
from pusher.project.facade import Project
from pusher.project.warehouse import BUILDING_MEMORY, open_warehouse

_BEFORE, _AFTER = "pusher before", "pusher after"
_KEY = ("event", "event_id")


@dataclass(slots=True)
class ViewChange:
    """What becomes of a destination view's rows.

    Attributes:
        view: Its name.
        rows_before: Rows by the SQL of the commit; None for a view that it does not have, or when they are not known.
        rows_after: Rows by the SQL as it is.
        added: Events that come anew.
        dropped: Events that come no more.
        changed: Events whose time, value or currency differs.
        value: Value before and after, by currency.
        problem: Why the warehouse could not be asked, or None.
    """

    view: str
    rows_before: int | None = None
    rows_after: int | None = None
    added: int = 0
    dropped: int = 0
    changed: int = 0
    value: dict[str, tuple[Decimal, Decimal]] = field(default_factory=dict)
    problem: str | None = None

    def as_json(self) -> dict[str, Any]:
        """Return the fields as the JSON output prints them."""
        return {
            "view": self.view,
            "rows_before": self.rows_before,
            "rows_after": self.rows_after,
            "added": self.added,
            "dropped": self.dropped,
            "changed": self.changed,
            "value": {
                currency: {"before": plain(before), "after": plain(after)}
                for currency, (before, after) in self.value.items()
            },
            "problem": self.problem,
        }


@dataclass(frozen=True, slots=True)
class Changes:
    """What differs from a commit.

    Attributes:
        against: The commit, as the user named it.
        changed: Models whose SQL, rows (of a seed) or materialisation differ, or that are new.
        below: Models that read one of them, directly or not.
        removed: Models that are gone.
        views: What becomes of the rows of destination views among them.
    """

    against: str
    changed: list[str]
    below: list[str]
    removed: list[str]
    views: list[ViewChange]

    def as_json(self) -> dict[str, Any]:
        """Return the fields as the JSON output prints them."""
        return {
            "against": self.against,
            "changed": self.changed,
            "below": self.below,
            "removed": self.removed,
            "views": [view.as_json() for view in self.views],
        }


@dataclass(slots=True)
class Version:
    """One of the two versions of a project.

    Attributes:
        manifest: The project.
        payloads: Payload of each destination view.
        affected: Models that are not as in the other version, or read one that is not.
    """

    manifest: Manifest
    payloads: Mapping[str, Payload]
    affected: set[str] = field(default_factory=set)


def changes_since(project: Project, revision: str) -> Changes:
    """Return what differs from a commit, with figures where the warehouse is at hand; changes nothing.

    Args:
        project: The project as it is.
        revision: Commit, branch or tag.

    Raises:
        ConfigError: There is no such commit, or its project cannot be read.
    """
    with checkout(project.file.root, revision) as folder:
        _bring_packages(project, folder)
        try:
            options = replace(project.options, project_dir=folder)
            before = Project(
                file=load_project_file(folder),
                profile=project.profile,
                policy=project.policy,
                options=options,
                listener=silent,
            )
            # Models that ask for the time must not differ by it.
            before.started_at = project.started_at
            old = Version(before.manifest, before.account.payloads_of(list(before.manifest.models.values())))
        except PusherError as error:
            first = error.problems[0]
            message = f"The project of {revision} cannot be read: {first.place}: {first.message}"
            raise ConfigError(Problem("revision", message, fix="Name a commit whose models compile.")) from error
        new = Version(project.manifest, project.account.payloads_of(list(project.manifest.models.values())))
        paths = [*project.manifest.source_paths(), *before.manifest.source_paths()]
        is_there = Path(project.profile.database).is_file()
        return compare(
            old,
            new,
            revision,
            (lambda: open_warehouse(project.profile, paths, memory=BUILDING_MEMORY)) if is_there else None,
        )


def _bring_packages(project: Project, folder: Path) -> None:
    """Let the commit use the packages that are installed and, as is usual, in no commit."""
    installed, there = project.file.root / project.file.packages_path, folder / project.file.packages_path
    if installed.is_dir() and not there.exists():
        shutil.copytree(installed, there)


def compare(
    before: Version, after: Version, against: str, open_warehouse: Callable[[], DuckDBEngine] | None
) -> Changes:
    """Return what differs between two versions of a project.

    Args:
        before: The version of the commit.
        after: The version as it is.
        against: The commit, as the user named it.
        open_warehouse: Opens the warehouse, or None when there is none.
    """
    _refuse_queries(before, after)
    old, new = _facts(before.manifest, after.manifest), _facts(after.manifest, after.manifest)
    changed = [name for name, facts in new.items() if old.get(name) != facts]
    removed = [name for name in old if name not in new]
    for version, roots in ((before, {*changed, *removed}), (after, set(changed))):
        edges = downstream({name: model.depends_on for name, model in version.manifest.models.items()})
        version.affected = reach(roots & version.manifest.models.keys(), edges)
    views = [name for name in after.payloads if name in after.affected]
    views += [name for name in before.payloads if name not in after.payloads and name in before.affected]
    found = [ViewChange(name) for name in views]
    if open_warehouse is not None and found:
        try:
            with closing(open_warehouse()) as engine:
                _measure(engine, before, after, found)
        except PusherError as error:
            # Somebody else may hold it; what differs is known all the same.
            for view in found:
                view.problem = error.problems[0].message
    below = [name for name in new if name in after.affected and name not in changed]
    return Changes(against, changed, below, removed, found)


def _refuse_queries(*versions: Version) -> None:
    """Refuse models whose SQL hangs on the rows of queries: what is compared would be another text.

    Raises:
        ConfigError: There are some.
    """
    found = {name: one for version in versions for name, one in version.manifest.models.items() if one.is_open}
    problems = []
    for name, model in sorted(found.items()):
        file, line, column = model.query or (model.path, 1, 1)
        message = f"The SQL of `{name}` hangs on the rows of a query, so nobody can tell what a change of it does."
        problems.append(Problem("text-of-rows", message, file, line, column, "Write the values out to compare."))
    if problems:
        raise ConfigError(*problems)


def _facts(manifest: Manifest, now: Manifest) -> dict[str, tuple[Any, ...]]:
    """Return what of each model counts as a difference."""
    here, there = str(manifest.project.root), str(now.project.root)
    found: dict[str, tuple[Any, ...]] = {}
    for name, model in manifest.models.items():
        rows = _content(model) if model.seed is not None else b""
        sql = model.compiled_sql.replace(here, there)
        pushed = model.meta.get("pusher")
        found[name] = (sql, rows, model.materialized, str(model.relation), model.config.get("unique_key"), pushed)
    return found


def _content(model: Model) -> bytes:
    try:
        return model.seed.absolute.read_bytes() if model.seed is not None else b""
    except OSError:
        return b""


def _measure(engine: Engine, before: Version, after: Version, views: Sequence[ViewChange]) -> None:
    """Ask the warehouse what both versions give; what a version does not share with it is computed on the way."""
    root = str(after.manifest.project.root)
    sides = [(_BEFORE, before), (_AFTER, after)]
    failed: dict[tuple[str, str], str] = {}
    for side, version in sides:
        engine.execute(f"attach ':memory:' as {identifier(side)}")
        _create(engine, side, version, root, failed)
    for view in views:
        relations = {
            side: str(_moved(version.manifest.models[view.view], side))
            for side, version in sides
            if view.view in version.payloads
        }
        problems = [failed[side, view.view] for side in relations if (side, view.view) in failed]
        if problems:
            view.problem = problems[0]
            continue
        payload = next(version.payloads[view.view] for _, version in reversed(sides) if view.view in version.payloads)
        try:
            _count(engine, view, relations, payload)
        except EngineError as error:
            view.problem = error.message


def _moved(model: Model, side: str) -> Relation:
    return Relation.of(side, model.relation.schema, model.relation.identifier)


def _create(engine: Engine, side: str, version: Version, root: str, failed: dict[tuple[str, str], str]) -> None:
    """Create the affected models of a version as views in a database in memory."""
    models = version.manifest.models
    moved = {str(models[name].relation): str(_moved(models[name], side)) for name in version.affected}
    here = str(version.manifest.project.root)
    for name, model in models.items():
        if name not in version.affected or model.materialized == "ephemeral":
            continue
        above = next((failed[side, up] for up in model.depends_on if (side, up) in failed), None)
        if model.seed is not None:
            above = f"Seed {name} differs, and its rows are those of the warehouse."
        if above is not None:
            failed[side, name] = above
            continue
        sql = model.compiled_sql.replace(here, root)
        for relation, new in moved.items():
            sql = sql.replace(relation, new)
        try:
            engine.create(str(_moved(model, side)), sql, materialized="view")
        except EngineError as error:
            failed[side, name] = f"{name}: {error.message}"


def _count(engine: Engine, view: ViewChange, relations: Mapping[str, str], payload: Payload) -> None:
    """Count the rows of both versions, and the events or members that only one of them has."""
    sides = [_side(engine, relations.get(side), payload) for side in (_BEFORE, _AFTER)]
    sql = f"""
with before as ({sides[0]}), after as ({sides[1]})
select
    cast(coalesce(sum(before.rows), 0) as bigint),
    cast(coalesce(sum(after.rows), 0) as bigint),
    count(*) filter (where before.rows is null),
    count(*) filter (where after.rows is null),
    count(*) filter (where before.rows > 0 and after.rows > 0 and before.facts is distinct from after.facts)
from before full join after on before.event = after.event and before.event_id = after.event_id
"""
    ((before, after, view.added, view.dropped, view.changed),) = engine.rows(sql)
    view.rows_before = before if _BEFORE in relations else None
    view.rows_after = after if _AFTER in relations else None
    for place, one in enumerate(sides):
        sums = f"select facts.currency, sum(facts.value) from ({one}) as side group by all"
        for currency, value in engine.rows(sums):
            if value is None:
                continue
            pair = list(view.value.get(currency or "", (Decimal(0), Decimal(0))))
            pair[place] = Decimal(value)
            view.value[currency or ""] = (pair[0], pair[1])
    view.value = dict(sorted(view.value.items()))


def _side(engine: Engine, relation: str | None, payload: Payload) -> str:
    """Return a query with one row for each event or member of a version: event, event_id, rows, facts."""
    if relation is None:
        return (
            "select '' as event, '' as event_id, 0 as rows, {'time': '', 'value': cast(0 as decimal(38, 9)), "
            "'currency': ''} as facts where false"
        )
    names: dict[str, str] = {}
    for column in engine.columns(f"select * from {relation}"):
        found = payload.field(column.name.lower())
        if found is not None:
            names.setdefault(found.column, identifier(column.name))

    def text(column: str) -> str:
        return f"cast({names[column]} as varchar)" if column in names else "''"

    value = f"try_cast({names['value']} as decimal(38, 9))" if "value" in names else "null"
    keys = [f"coalesce({text(column)}, '')" for column in _KEY]
    if payload.kind == "audience":
        # A member is told apart by all of its identifiers.
        parts = (f"coalesce({text(column)}, '')" for column in payload.identity)
        keys = ["''", f"concat_ws(chr(31), {', '.join(parts)})"]
    return (
        f"select {keys[0]} as event, {keys[1]} as event_id, count(*) as rows, "
        f"{{'time': max({text('event_time')}), 'value': sum({value}), 'currency': max({text('currency')})}} as facts "
        f"from {relation} group by all"
    )
