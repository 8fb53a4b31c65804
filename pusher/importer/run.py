"""From the text of a query to the files of its models."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from zoneinfo import available_timezones

from sqlglot import exp

from pusher.errors import ConfigError, Problem
from pusher.importer import layout
from pusher.importer.amounts import VALUE_GRAINS
from pusher.importer.draft import DIALECTS, Change, Draft, leaves, read
from pusher.importer.functions import carry
from pusher.importer.groups import Groups
from pusher.importer.joins import break_ties, unique_columns
from pusher.importer.models import Composing
from pusher.importer.names import Names, checked_name
from pusher.importer.properties import yaml_files
from pusher.importer.shape import Shape, Shaping, payload_of, turn_aliases
from pusher.importer.tables import Sources, resolve
from pusher.importer.tags import tag_identifiers
from pusher.importer.times import lookbacks
from pusher.importer.types import MOMENT, TEXT, Key, types_of
from pusher.payload.model import Payload

_COUNTRY = re.compile(r"^[A-Z]{2}$")
_COLUMNS_FIX = "Name its columns as the contract does: docs/reference/contract.md."
_ZONE = re.compile(r"^[A-Za-z0-9_+-]+(/[A-Za-z0-9_+-]+)*$")


@dataclass(frozen=True, slots=True)
class ImportOptions:
    """What a person says about a query.

    Attributes:
        name: Name of the query, for the models.
        payload: What the view is pushed as, or None to tell it by the columns.
        source: Name of the source for tables without a schema.
        timezone: IANA name of the zone of times without one.
        country: ISO 3166 code of phone numbers in national form, or None.
        value_of: `line` or `order` for a value whose name does not say it, or None.
    """

    name: str
    payload: str | None = None
    source: str = "platform"
    timezone: str = "UTC"
    country: str | None = None
    value_of: str | None = None


@dataclass(frozen=True, slots=True)
class Imported:
    """What became of a query.

    Attributes:
        view: Name of the destination view.
        payload: What it is pushed as.
        files: Text of each file by its path in a project whose models lie in `models/`.
        sources: Names of the sources that they declare, each with a table.
        changes: What means something else, in the order of the query.
    """

    view: str
    payload: str
    files: Mapping[str, str]
    sources: tuple[tuple[str, str], ...]
    changes: tuple[Change, ...]


def import_query(
    text: str, *, file: str, dialect: str, options: ImportOptions, payloads: Mapping[str, Payload]
) -> Imported:
    """Turn a query into models.

    Args:
        text: The query.
        file: Its name, for errors.
        dialect: Of `DIALECTS`.
        options: What the person says about it.
        payloads: Payloads of the destination, by name.

    Raises:
        CompileError: Something cannot be carried over; all of it is named with its place.
        ConfigError: An option is wrong.
    """
    _check(dialect, options, payloads)
    draft = read(text, file, dialect)
    _check_clauses(draft)
    turn_aliases(draft, payloads)
    sources = resolve(draft)
    groups = Groups(draft)
    payload = payload_of(draft, payloads, options.payload)
    shape = Shaping(draft, sources, payload, country=options.country, value_of=options.value_of).run()
    groups.settle()
    if not shape.rows:
        draft.refuse(
            "import-nothing", leaves(draft.tree)[0], "The query reads nothing that TikTok takes.", _COLUMNS_FIX
        )
    draft.stop_if_refused()
    items = _tables_of_items(draft, sources, shape)
    unique = unique_columns(draft, sources, items)
    for select in draft.tree.find_all(exp.Select):
        lookbacks(draft, select)
    _sort_nothing(draft)
    break_ties(draft, sources, _columns_of_ctes(draft))
    carry(draft, draft.tree)
    draft.stop_if_refused()
    types = types_of(draft.tree, sources, shape)
    zones = _zones(draft, sources)
    _move_windows(draft, sources, zones)
    tag_identifiers(draft.tree, sources, shape.pii)
    types |= dict.fromkeys(shape.pii, TEXT)
    _tell_zones(draft, sources, types, zones, options.timezone)
    names = Names(options.name, options.source, payload.kind)
    made = Composing(draft, sources, shape, names, types, zones, options.timezone, unique)
    files = {**yaml_files(made), **made.files()}
    changes = sorted(draft.changes, key=lambda one: (one.line, one.column, one.kind, one.old))
    declared = tuple((names.source_of(table), table.name) for table in sources.tables.values())
    return Imported(names.view, payload.name, dict(sorted(files.items())), declared, tuple(changes))


def _check(dialect: str, options: ImportOptions, payloads: Mapping[str, Payload]) -> None:
    checked_name(options.name, "--name")
    checked_name(options.source, "--source")
    for given, known, option in (
        (dialect, DIALECTS, "--dialect"), (options.payload, tuple(payloads), "--payload"),
        (options.value_of, VALUE_GRAINS, "--value-of"),
    ):  # fmt: skip
        if given is not None and given not in known:
            *others, last = known
            fix = f"Use {', '.join(others)} or {last}."
            raise ConfigError(Problem("usage", f"{option} {given} is not known.", fix=fix))

    if options.country is not None and not _COUNTRY.match(options.country):
        fix = "Write two capital letters, such as DE."
        raise ConfigError(Problem("usage", f"--country {options.country} is no country.", fix=fix))
    if not _ZONE.match(options.timezone) or options.timezone not in (available_timezones() or {options.timezone}):
        fix = "Write it as the IANA does, such as Europe/Berlin."
        raise ConfigError(Problem("usage", f"--timezone {options.timezone} is no time zone.", fix=fix))


def _check_clauses(draft: Draft) -> None:
    """Refuse what is not written into models.

    Raises:
        CompileError: There is such a thing.
    """
    for select in draft.tree.find_all(exp.Select):
        for name in layout.unknown_parts(select):
            part = select.args[name]
            node = part[0] if isinstance(part, list) else part if isinstance(part, exp.Expr) else select
            draft.refuse(
                "import-clause",
                node,
                f"The clause {name.strip('_').upper()} is not carried over.",
                "Write the query without it.",
            )
    for with_ in draft.tree.find_all(exp.With):
        inner = with_.parent is not draft.tree
        named = any(cte.args["alias"].args.get("columns") for cte in with_.expressions)
        if inner or named or with_.args.get("recursive"):
            what = "A WITH inside of a query" if inner else "A recursive WITH, or one that names columns,"
            draft.refuse(
                "import-clause",
                with_.expressions[0],
                f"{what} is not carried over.",
                "Write plain CTEs before the query.",
            )
    if isinstance(draft.tree, exp.SetOperation) and draft.tree.args.get("limit"):
        draft.refuse(
            "import-clause", draft.tree.args["limit"], "A LIMIT behind a union is not carried over.", "Leave it out."
        )
    draft.stop_if_refused()


def _tables_of_items(draft: Draft, sources: Sources, shape: Shape) -> frozenset[str]:
    """Return the tables whose rows are items."""
    if not shape.rolls_up:
        return frozenset()
    names = {"content_id", "content_name", "price", "quantity"} & set(shape.rows) or {"value"}
    return frozenset(
        table.key
        for leaf in leaves(draft.tree)
        for projection in leaf.expressions
        if projection.alias in names
        for table, _ in sources.roots(projection)
    )


def _columns_of_ctes(draft: Draft) -> dict[str, list[str]]:
    return {
        cte.alias.lower(): [name.lower() for name in cte.this.named_selects] for cte in draft.tree.find_all(exp.CTE)
    }


def _sort_nothing(draft: Draft) -> None:
    """Take off the order of the whole query: a view has none."""
    order = draft.tree.args.get("order")
    if order is not None and not draft.tree.args.get("limit"):
        draft.told("left-out", order, order, "", "The rows of a view have no order.")
        draft.tree.set("order", None)


def _zones(draft: Draft, sources: Sources) -> dict[Key, str]:
    """Return the zones that the query itself converts columns from."""
    found: dict[Key, str] = {}
    for call in draft.tree.find_all(exp.Anonymous):
        if call.name == "pusher_utc_from_local":
            for table, name in sources.roots(call.expressions[0]):
                found[table.key, name] = call.expressions[1].name
    return found


def _move_windows(draft: Draft, sources: Sources, zones: Mapping[Key, str]) -> None:
    """Let windows read a column in UTC when it is in another zone: the moment that they end at is in UTC."""
    for call in draft.tree.find_all(exp.Anonymous):
        column = call.expressions[0] if call.name == "pusher_lookback" else None
        if isinstance(column, exp.Column) and (found := sources.of(column)) is not None:
            zone = zones.get((found[0].key, found[1]))
            if zone is not None:
                moved = exp.Anonymous(
                    this="pusher_utc_from_local", expressions=[column.copy(), exp.Literal.string(zone)]
                )
                column.replace(moved)


def _tell_zones(
    draft: Draft, sources: Sources, types: Mapping[Key, str], zones: Mapping[Key, str], timezone: str
) -> None:
    for (key, name), type_ in types.items():
        if type_ == MOMENT and (key, name) not in zones:
            column = sources.tables[key].columns[name]
            why = "The zone of times without one, for sources; say another with --timezone, or in the YAML."
            draft.told("assumed", column, f"{sources.tables[key].name}.{name}", f"timezone: {timezone}", why)
