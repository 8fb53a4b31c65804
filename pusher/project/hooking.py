"""Runs the statements before and after a build."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from types import SimpleNamespace
from typing import Any

from pusher.builds.run import Built
from pusher.compile import Manifest, Model, hooks
from pusher.contracts import Engine
from pusher.errors import BuildError, Problem
from pusher.payload.sql import identifier
from pusher.project import artifacts


@contextmanager
def between_hooks(manifest: Manifest, engine: Engine, models: Sequence[Model], built: Built) -> Iterator[None]:
    """Run `on-run-start` before a build and `on-run-end` after it, the latter also after a failure, as in dbt.

    Args:
        manifest: The project as it is built.
        engine: The database.
        models: What is built.
        built: What became of it, once it has been built.

    Raises:
        BuildError: The build failed, or a hook did; after one of `on-run-start` nothing is built.
    """
    places = list(dict.fromkeys((model.relation.database, model.relation.schema) for model in models))
    known = {"schemas": list(dict.fromkeys(schema for _, schema in places)), "database_schemas": places}
    error: BuildError | None = None
    try:
        starting, problems = manifest.run_hooks(hooks.START, engine, **known, results=[])
        if starting and not problems:
            for database, schema in places:
                engine.execute(f"create schema if not exists {identifier(database)}.{identifier(schema)}")
            problems = _run(starting, engine)
        if problems:
            raise BuildError(*problems)  # noqa: TRY301 -- what runs at the end runs all the same
        yield
    except BuildError as failed:
        error = failed
    ending, problems = manifest.run_hooks(hooks.END, engine, **known, results=_results(manifest, built))
    problems = problems or _run(ending, engine)
    if problems and error is not None:
        both = BuildError(*error.problems, *problems)
        for note in getattr(error, "__notes__", ()):
            both.add_note(note)
        raise both from None
    if problems:
        raise BuildError(*problems)
    if error is not None:
        raise error


def _run(several: Sequence[hooks.Hook], engine: Engine) -> list[Problem]:
    """Run hooks, each in a transaction of its own, until one fails."""
    for hook in several:
        try:
            with engine.together():
                hooks.run([hook], engine)
        except hooks.Undone as error:
            return list(error.problems)
    return []


def _results(manifest: Manifest, built: Built) -> list[Any]:
    """Return what became of models and tests, as dbt's hooks see it."""
    nodes = {**manifest.models, **manifest.tests, **manifest.unit_tests}
    found = []
    for one in artifacts.results(manifest, built):
        name = one.pop("name")
        node = nodes.get(name)
        relation = getattr(node, "relation", None)
        about = SimpleNamespace(
            name=name,
            unique_id=one["unique_id"],
            resource_type=one["unique_id"].partition(".")[0],
            database=getattr(relation, "database", None),
            schema=getattr(relation, "schema", None),
            alias=getattr(relation, "identifier", name),
            relation_name=one["relation_name"],
        )
        found.append(SimpleNamespace(**one, node=about))
    return found
