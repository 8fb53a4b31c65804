"""Reads the project's own list of people who are kept out of every view."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path

from pusher.config import suggest
from pusher.contracts import Engine, EngineError
from pusher.errors import ConfigError, PlanError, Problem
from pusher.payload.model import Payload
from pusher.payload.sql import identifier, literal
from pusher.push.plan import View, stage, view_columns

ROWS_PER_FILE = 1_000_000
_BLANK = "'^\\s+|\\s+$'"


@dataclass(frozen=True, slots=True)
class Suppressions:
    """The model that lists who is kept out.

    Attributes:
        model: Model name.
        file: Its file, for messages.
        relation: Quoted name in the warehouse.
        payload: The payload of audiences, whose identifiers its columns are named after.
    """

    model: str
    file: str
    relation: str
    payload: Payload


@dataclass(frozen=True, slots=True)
class Listed:
    """Who the list names.

    Attributes:
        files: Parquet files with the columns kind and digest, each pair once.
        digests: How many digests there are of each kind that the list has a column for.
    """

    files: tuple[Path, ...] = ()
    digests: Mapping[str, int] = field(default_factory=dict)


def check_waived(waived: Iterable[str], views: Collection[str]) -> None:
    """Refuse a waiver of consent for what is no destination view: it may be meant for another.

    Args:
        waived: Names in pusher.yml.
        views: Every destination view of the project.

    Raises:
        ConfigError: A name is none of a view.
    """
    problems = []
    for name in waived:
        if name not in views:
            near = suggest(name, views)
            fix = f"Did you mean `{near}`?" if near else f"Destination views: {', '.join(views) or 'none'}."
            message = f"consent.waived names no destination view: `{name}`."
            problems.append(Problem("unknown-view", message, "pusher.yml", fix=fix))
    if problems:
        raise ConfigError(*problems)


def read_suppressions(given: Suppressions | None, *, open_engine: Callable[[], Engine], folder: Path) -> Listed:
    """Write the project's list as Parquet files.

    Args:
        given: The model, or None when the project has no such list.
        open_engine: Opens the warehouse.
        folder: New folder for the files.

    Raises:
        PlanError: The model is not built, has no identifier, or has a value that is no digest.
    """
    if given is None:
        return Listed()
    view = View(given.model, given.file, given.relation, given.payload, None)
    with closing(open_engine()) as engine:
        columns = view_columns(engine, view)
        parts, kinds = [], []
        for name, type_ in columns.items():
            field_ = given.payload.columns.get(name)
            if field_ is None or not field_.holds_digests:
                continue
            value = f"unnest({identifier(name)})" if type_.family == "list" else identifier(name)
            kinds.append(field_.path)
            parts.append(
                f"select {literal(field_.path)} as kind, cast({value} as varchar) as given from {given.relation}"
            )
        if not parts:
            names = ", ".join(one.column for one in given.payload.fields if one.holds_digests)
            message = f"{given.model} lists nobody: it has none of the columns {names}."
            raise PlanError(Problem("suppressions", message, given.file, fix="Name its columns of digests like this."))
        bare = f"lower(regexp_replace(given, {_BLANK}, '', 'g'))"
        listed = f"select kind, {bare} as digest from ({' union all '.join(parts)}) as listed where trim(given) <> ''"
        _refuse_values(engine, given, listed)
        files = stage(engine, view, f"select distinct kind, digest from ({listed}) as named", folder,
                      columns=columns, rows_per_file=ROWS_PER_FILE)  # fmt: skip
    paths = tuple(file.path for file in files)
    return Listed(paths, _count(paths, kinds))


def _count(files: Iterable[Path], kinds: Iterable[str]) -> dict[str, int]:
    """Return how many digests of each kind files hold."""
    import pyarrow.parquet as pq

    counts = dict.fromkeys(kinds, 0)
    for file in files:
        with pq.ParquetFile(file) as rows:
            found = rows.read(columns=["kind"]).group_by("kind").aggregate([("kind", "count")])
        for kind, count in zip(*(found.column(name).to_pylist() for name in ("kind", "kind_count")), strict=True):
            counts[kind] += count
    return counts


def _refuse_values(engine: Engine, given: Suppressions, listed: str) -> None:
    """Refuse a list with values that match nobody: whoever is meant by them would be sent."""
    sql = f"select count(*) from ({listed}) as named where not regexp_matches(digest, '^[0-9a-f]{{64}}$')"
    try:
        (wrong,) = engine.rows(sql)[0]
    except EngineError as error:
        raise PlanError(Problem("view-failed", f"{given.model}: {error.message}", given.file)) from error
    if wrong:
        are = "1 value is" if wrong == 1 else f"{wrong:,} values are"
        message = f"In {given.model} {are} no SHA-256 digest, so nobody can be kept out by that."
        fix = "Hash them with the macros of macros/identity/, such as hashed_email(), and leave out what gives NULL."
        raise PlanError(Problem("suppressions", message, given.file, fix=fix))
