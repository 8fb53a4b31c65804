"""Names and types of every model's columns, from the engine's own binder on empty tables.

No warehouse, no data and no token are needed: sources become empty tables, and each model is described
on top of those before it. A failing model is a problem with a place; models that read it are skipped,
all others are still checked.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from pusher.compile import graph
from pusher.compile.increments import addition
from pusher.compile.lacking import lacks_column, told
from pusher.compile.manifest import Manifest
from pusher.compile.model import Model, Relation, Source, SourceKey
from pusher.compile.model_contract import broken_contract, in_order
from pusher.compile.seeds import Seed, seed_query
from pusher.config import suggest
from pusher.contracts import Column, Engine, EngineError
from pusher.errors import CompileError, Problem
from pusher.payload.sql import identifier

FALLBACK_TYPE = "VARCHAR"
_FIXES = {
    "catalog": "Correct the name; models are read by ref(), tables by source(), macros stand in macros/.",
    "duplicate-key": (
        "Keep one row of each key, such as with `qualify row_number() over (partition by ... order by ...) = 1`."
    ),
    "conversion": "Guard the cast: case when regexp_matches(...) then cast(...) end.",
    "out-of-memory": "Raise memory_limit in profiles.yml, or materialise what it reads as a table.",
    "io": "Check space and rights of the files of the database and of the sources.",
}
_COLUMN = re.compile(r'(?<= column named ")[^"]+(?=")')
_NAMES = re.compile(r'(?<=")[^"]+(?=")|(?<=with name )\S+')


@dataclass(slots=True)
class Inference:
    """What the binder says about a project.

    Attributes:
        models: Columns by model; a model that failed or was skipped is missing.
        sources: Columns by source.
        problems: Models and sources that are wrong.
        notes: Types that had to be assumed, at most one for each source.
        skipped: Models not checked because something they read is wrong.
        unknown: What is wrong with models as long as a query that they hang on is not answered; it means nothing.
    """

    models: dict[str, list[Column]] = field(default_factory=dict)
    sources: dict[SourceKey, list[Column]] = field(default_factory=dict)
    problems: list[Problem] = field(default_factory=list)
    notes: list[Problem] = field(default_factory=list)
    skipped: list[str] = field(default_factory=list)
    unknown: list[Problem] = field(default_factory=list)

    def settle(self, uncertain: frozenset[str], known: int) -> None:
        """Take what was found wrong after the first `known` problems for what it is: nothing certain."""
        if uncertain:
            self.unknown += self.problems[known:]
            del self.problems[known:]


def sql_problem(
    manifest: Manifest,
    model: Model,
    error: EngineError,
    *,
    analysis: bool,
    columns: Mapping[SourceKey, Sequence[Column]] | None = None,
) -> Problem:
    """Return an engine's error about a model as a problem in the user's own file.

    Args:
        manifest: The compiled project.
        model: The model.
        error: What the engine said.
        analysis: It said so about the model on empty tables.
        columns: Columns of the model's sources, as far as they are known.
    """
    offset = error.offset
    place = manifest.locate(model.name, offset, analysis=analysis) if offset is not None else None
    file, line, column = place or (model.path, None, None)
    message = error.message.replace(f"{manifest.project.root.as_posix()}/", "")
    if file != model.path:
        # One mistake in a macro shows once for each model that calls it.
        message = f"{message.removesuffix('.')} (in model {model.name})."
    first = None if analysis else build_first(manifest, model.compiled_sql, error)
    fix = first or _fix(manifest, error)
    if columns and lacks_column(model, error):
        fix = f"{fix} {told(manifest, model, columns, declared=analysis)}".rstrip()
    return Problem(f"sql-{error.kind}", message, file, line, column, fix)


def build_first(manifest: Manifest, sql: str, error: EngineError) -> str | None:
    """Return what to do about a query of the warehouse that refers to a model which was not built, or None."""
    if error.kind == "catalog":
        for model in manifest.models.values():
            names = (model.relation.identifier, f'"{model.relation.schema}.{model.relation.identifier}"')
            if model.relation in sql and any(f"Table with name {name} " in error.message for name in names):
                return f"Run `pusher build --select +{model.name}` first."
    return None


def _fix(manifest: Manifest, error: EngineError) -> str:
    for name in manifest.models:
        if error.kind == "catalog" and f"Table with name {name} " in error.message:
            return f"Write {{{{ ref('{name}') }}}}."
    for name in manifest.macros:
        if error.kind == "catalog" and f"Function with name {name} " in error.message:
            return f"Write {{{{ {name}(...) }}}}: it is a macro."
    return meant(error) or error.fix or _FIXES.get(error.kind, "Fix the SQL at this place.")


def meant(error: EngineError) -> str | None:
    """Return which names were probably meant: of those that the engine offers, however far, the nearest ones."""
    words = _COLUMN.findall(error.message) or _NAMES.findall(error.message)
    close = list(dict.fromkeys(filter(None, (suggest(word, error.candidates) for word in words))))
    return f"Did you mean {' or '.join(f'`{one}`' for one in close)}?" if close else None


def make_schemas(manifest: Manifest, engine: Engine, sources: Iterable[Source], models: Iterable[Model]) -> None:
    """Make the schemas that empty tables need."""
    engine.execute(f"attach if not exists ':memory:' as {identifier(manifest.database)}")
    relations = [*(source.stub for source in sources), *(model.relation for model in models)]
    for database, schema in sorted({(relation.database, relation.schema) for relation in relations}):
        engine.execute(f"create schema if not exists {identifier(database)}.{identifier(schema)}")


def inspect(
    manifest: Manifest, engine: Engine, models: Iterable[str] | None = None, *, sources: Iterable[SourceKey] = ()
) -> Inference:
    """Return the columns of all models, or of some and what they read, with all problems.

    Args:
        manifest: The compiled project.
        engine: An in-memory engine; empty tables are created in it. It may read the sources' files.
        models: Names to check, all by default.
        sources: Sources to look at even if none of them reads these.
    """
    edges = {name: model.depends_on for name, model in manifest.models.items()}
    wanted = graph.reach(models, edges) if models is not None else set(manifest.models)
    found = Inference()
    read = [key for name in manifest.models if name in wanted for key in manifest.models[name].sources]
    keys = dict.fromkeys((*read, *sources))
    make_schemas(manifest, engine, (manifest.sources[key] for key in keys), (manifest.models[name] for name in wanted))
    # A source may be the table of a seed, and every model may read sources.
    chosen = [model for name, model in manifest.models.items() if name in wanted]
    for model in chosen:
        if model.seed is not None:
            _seed(engine, model, model.seed, found)
    for key in keys:
        inspect_source(manifest, engine, manifest.sources[key], found)
    uncertain = manifest.uncertain
    for model in chosen:
        if model.seed is None:
            known = len(found.problems)
            inspect_model(manifest, engine, model, found)
            found.settle(uncertain & {model.name}, known)
    return found


def inspect_additions(manifest: Manifest, engine: Engine, found: Inference) -> list[Problem]:
    """Return what is wrong with the rows that incremental models add to a table which stands.

    Args:
        manifest: The project with the tables of its incremental models standing.
        engine: The engine that `inspect` has filled; it holds an empty table for each model.
        found: What `inspect` said; takes the columns of sources that only additions read.
    """
    known = len(found.problems)
    read = (key for model in manifest.models.values() if model.adds for key in model.sources)
    new = [manifest.sources[key] for key in dict.fromkeys(read) if key not in found.sources]
    make_schemas(manifest, engine, new, ())
    for source in new:
        inspect_source(manifest, engine, source, found)
    problems = found.problems[known:]
    for model in manifest.models.values():
        if model.increment is None or not model.adds or model.name in manifest.uncertain:
            continue
        sql = manifest.analysis_sql(model.name)
        try:
            engine.check_is_query(sql)
            wanted = addition(model.increment, found.models[model.name], engine.columns(sql))
        except EngineError as error:
            problems.append(sql_problem(manifest, model, error, analysis=True))
            continue
        if isinstance(wanted, Problem):
            problems.append(Problem(wanted.code, wanted.message, model.path, 1, 1, wanted.fix))
    return problems


def infer(manifest: Manifest, engine: Engine, models: Iterable[str] | None = None) -> dict[str, list[Column]]:
    """Return the columns of all models, or of some and what they read.

    Raises:
        CompileError: Models or sources are wrong; all problems at once.
    """
    return infer_all(manifest, engine, models).models


def infer_all(manifest: Manifest, engine: Engine, models: Iterable[str] | None = None) -> Inference:
    """Return the columns of models and of the sources that they read.

    Raises:
        CompileError: Models or sources are wrong; all problems at once.
    """
    found = inspect(manifest, engine, models)
    if found.problems:
        raise CompileError(*found.problems)
    return found


def create_empty(engine: Engine, relation: Relation, columns: Sequence[Column]) -> None:
    """Make an empty table."""
    listed = ", ".join(f"{identifier(column.name)} {column.type}" for column in columns)
    engine.execute(f"create or replace table {relation} ({listed})")


def _seed(engine: Engine, model: Model, seed: Seed, found: Inference) -> None:
    query = seed_query(engine, seed)
    if isinstance(query, Problem):
        found.problems.append(query)
        return
    create_empty(engine, model.relation, query.columns)
    found.models[model.name] = query.columns


def inspect_model(manifest: Manifest, engine: Engine, model: Model, found: Inference) -> None:
    """Find the columns of a model, whose inputs stand as empty tables, and make one of it."""
    ready = all(name in found.models for name in model.depends_on) and all(
        key in found.sources for key in model.sources
    )
    if not ready:
        found.skipped.append(model.name)
        return
    sql = manifest.analysis_sql(model.name)
    try:
        engine.check_is_query(sql)
        columns = engine.columns(sql)
    except EngineError as error:
        found.problems.append(sql_problem(manifest, model, error, analysis=True, columns=found.sources))
        return
    twice = duplicate_column(manifest, model, columns, analysis=True)
    if twice is not None:
        found.problems.append(twice)
        return
    # The columns are known all the same, so what reads them is checked too.
    found.problems += broken_contract(engine, model, columns)
    columns = in_order(model, columns)
    try:
        create_empty(engine, model.relation, columns)
    except EngineError as error:
        found.problems.append(sql_problem(manifest, model, error, analysis=True))
        return
    found.models[model.name] = columns


def duplicate_column(manifest: Manifest, model: Model, columns: Sequence[Column], *, analysis: bool) -> Problem | None:
    """Return the problem of a model that selects a name twice; the engine would rename the second."""
    seen: set[str] = set()
    for column in columns:
        if column.name.lower() in seen:
            sql = manifest.analysis_sql(model.name) if analysis else model.compiled_sql
            offset = _last_output(sql, column.name)
            place = None if offset is None else manifest.locate(model.name, offset, analysis=analysis)
            message = f"Column `{column.name}` is selected twice."
            fix = "Rename or remove one of them."
            return Problem("duplicate-column", message, *(place or (model.path, 1, 1)), fix)
        seen.add(column.name.lower())
    return None


def _last_output(sql: str, name: str) -> int | None:
    """Return where the final select names a column for the last time, if it names it itself."""
    import sqlglot
    from sqlglot import exp

    try:
        tree: Any = sqlglot.parse_one(sql, dialect="duckdb")
    except sqlglot.ParseError:
        return None
    while isinstance(tree, (exp.SetOperation, exp.Subquery)):
        tree = tree.this
    named = [node for node in tree.expressions if node.alias_or_name.lower() == name.lower()]
    names = named[-1].find_all(exp.Identifier) if named else ()
    return max((node.meta["start"] for node in names if "start" in node.meta), default=None)


def inspect_source(manifest: Manifest, engine: Engine, source: Source, found: Inference) -> None:
    """Find the columns of a source, and make an empty table of them."""
    declared = source.columns
    untyped = [column.name for column in declared if column.data_type is None]
    in_file = _known_columns(manifest, engine, source, found) if untyped or not declared else {}
    if not declared and not in_file:
        label = f"{source.source_name}.{source.name}"
        missing = f"No file of source {label} can be read" if source.external else f"Source {label} declares no columns"
        fix = "List its columns with `data_type` under `columns:`, or give an external_location that exists."
        message = f"{missing}, so the columns of its models are unknown."
        found.problems.append(Problem("unknown-source-columns", message, source.file, source.line, 1, fix))
        return
    if not declared:
        columns = [Column(name, type_) for name, type_ in in_file.items()]
    else:
        types, assumed = _types(manifest, source, untyped, in_file)
        columns = [Column(column.name, column.data_type or types[column.name]) for column in declared]
        if assumed:
            listed = f"{', '.join(assumed)} of source {source.source_name}.{source.name}"
            message = f"No type is declared for {listed}; read as {FALLBACK_TYPE}."
            found.notes.append(
                Problem("assumed-types", message, source.file, source.line, 1, "Add `data_type` to these columns.")
            )
    try:
        create_empty(engine, source.stub, columns)
        # The engine's own spelling of the declared types.
        found.sources[source.key] = engine.columns(f"select * from {source.stub}")
    except EngineError as error:
        found.problems += _bad_types(engine, source, error)


def _known_columns(manifest: Manifest, engine: Engine, source: Source, found: Inference) -> dict[str, str]:
    """Return the columns of the source's file, or of the seed whose table it is."""
    if source.external is None:
        seed = manifest.seed_behind(source)
        return {column.name: column.type for column in found.models.get(seed or "", ())}
    try:
        return {column.name: column.type for column in engine.columns(f"select * from {source.external}")}
    except EngineError:
        return {}


def _types(
    manifest: Manifest, source: Source, untyped: Sequence[str], in_file: dict[str, str]
) -> tuple[dict[str, str], list[str]]:
    """Return types for columns without a declared one, and the columns whose type is a guess."""
    lower = {name.lower(): type_ for name, type_ in in_file.items()}
    rest = [name for name in untyped if name.lower() not in lower]
    casts = _casts(manifest, source) if rest else {}
    known = {**casts, **lower}
    types = {name: known.get(name.lower(), FALLBACK_TYPE) for name in untyped}
    return types, [name for name in untyped if name.lower() not in known]


def _casts(manifest: Manifest, source: Source) -> dict[str, str]:
    """Return the type that each column is cast to in the models that read the source, where they agree."""
    import sqlglot
    from sqlglot import exp

    found: dict[str, set[str]] = {}
    for model in manifest.models.values():
        if source.key not in model.sources:
            continue
        try:
            tree = sqlglot.parse_one(manifest.analysis_sql(model.name), dialect="duckdb")
        except sqlglot.ParseError:
            continue
        for cast in tree.find_all(exp.Cast):
            if isinstance(cast.this, exp.Column):
                found.setdefault(cast.this.name.lower(), set()).add(cast.to.sql("duckdb"))
    return {name: types.pop() for name, types in found.items() if len(types) == 1}


def _bad_types(engine: Engine, source: Source, error: EngineError) -> list[Problem]:
    problems = []
    for column in source.columns:
        if column.data_type is None:
            continue
        try:
            engine.columns(f"select cast(null as {column.data_type}) as c")
        except EngineError as wrong:
            near = f"Did you mean `{wrong.candidates[0]}`?" if wrong.candidates else "Use one of the engine's types."
            message = f"`{column.data_type}` is not a type of column `{column.name}`."
            problems.append(Problem("unknown-type", message, source.file, column.line, 1, near))
    fix = "Correct the columns of this source."
    return problems or [Problem(f"sql-{error.kind}", error.message, source.file, source.line, 1, fix)]
