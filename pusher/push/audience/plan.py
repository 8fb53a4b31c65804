"""Reads an audience view once, and works out for each advertiser who has to be added and who has to go."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass, field, replace
from datetime import datetime
from pathlib import Path

from pusher.config import SharedLimits, ShrinkGuard
from pusher.contracts import AudienceApi, Engine, EngineError
from pusher.errors import PlanError, Problem
from pusher.ledger.audiences import Audience, AudienceStore
from pusher.ledger.barred import Barred
from pusher.ledger.comparison import Comparison, FrozenChange, MemberCounts
from pusher.ledger.members import split_digest
from pusher.payload.casts import count_dropped, typed_value
from pusher.payload.checks import row_checks
from pusher.payload.columns import check_columns
from pusher.payload.shared import Shared, junk_with
from pusher.payload.sql import identifier
from pusher.payload.types import SqlType
from pusher.plural import counted
from pusher.push.audience.receipt import AudienceReceipt
from pusher.push.plan import View, stage, view_columns
from pusher.push.reading import Origins, no_origins, reading_failure
from pusher.push.shared import find_shared

ROWS_PER_FILE = 500_000


@dataclass(frozen=True, slots=True)
class AudienceView:
    """A destination view that is pushed as an audience.

    Attributes:
        view: The view; its source id is the audience's name.
        advertisers: Where the audience is kept.
        kinds: Kinds of identifier to send, or empty for all that the view has.
        rows_per_request: Most rows in a request.
        method: `stream`, or `file` when all members are given as files.
        retention_d: Days from its making to the end of an audience of files, or None.
        shared: When an identifier stands in too many rows to be one person's.
    """

    view: View
    advertisers: tuple[str, ...]
    kinds: tuple[str, ...] = ()
    rows_per_request: int = 1_000
    method: str = "stream"
    retention_d: int | None = None
    shared: SharedLimits = field(default_factory=SharedLimits)

    @property
    def name(self) -> str:
        """Name of the audience."""
        return self.view.source_id or ""

    @property
    def name_digest(self) -> str:
        """Name of the audience as a part of a file's name."""
        return hashlib.sha256(self.name.encode()).hexdigest()[:16]


@dataclass(frozen=True, slots=True)
class Staged:
    """An audience view as it was read.

    Attributes:
        view: The view.
        files: Its rows.
        kinds: Kinds of identifier, each with whether its column holds lists.
        audience: The audience that no view fills any more, else None: then the view says which audience it is.
        beside: Further kinds that the view has and its audience is not told; they may say that a row is suppressed.
        warnings: What a person should know of its rows, in sentences.
    """

    view: AudienceView
    files: Sequence[Path]
    kinds: Mapping[str, bool]
    audience: Audience | None = None
    beside: Mapping[str, bool] = field(default_factory=dict)
    warnings: tuple[str, ...] = ()


@dataclass(slots=True)
class AudiencePlan:
    """What has to change in one audience of one advertiser.

    Attributes:
        staged: The view.
        advertiser_id: Who owns it.
        receipt: Its line of the receipt.
        frozen: Rows to send, under temporary names.
        newest_suppressed: How far the list of suppressed identifiers was read.
        refusal: Why everything but suppressed identifiers is left as it is, or None.
    """

    staged: Staged
    advertiser_id: str
    receipt: AudienceReceipt
    frozen: list[FrozenChange] = field(default_factory=list)
    newest_suppressed: int = 0
    refusal: Problem | None = None

    def tell_refusal(self) -> None:
        """Say also why the view was refused, where not even suppressed people could be taken out."""
        if self.refusal is not None and self.receipt.problem not in {None, self.refusal}:
            self.receipt.warnings.append(self.refusal.sentences)


def stage_members(
    view: AudienceView,
    *,
    open_engine: Callable[[], Engine],
    folder: Path,
    kinds: Sequence[str],
    origins: Origins = no_origins,
) -> Staged:
    """Read the identifiers of a view.

    Args:
        view: The view.
        open_engine: Opens the warehouse.
        folder: New folder for its rows.
        kinds: Kinds of identifier that the destination knows.
        origins: Says which SQL makes each column of a view; asked only when it fails.

    Raises:
        PlanError: The view is not built, it lacks an identifier, a column has the wrong type, or it fails.
    """
    payload = view.view.payload
    with closing(open_engine()) as engine:
        columns = view_columns(engine, view.view)
        findings = check_columns(payload, columns, source_id=view.name or None)
        errors = [one for one in findings if one.severity == "error"]
        if errors:
            model, file = view.view.model, view.view.file
            raise PlanError(*(Problem(one.code, f"{model}: {one.message}", file, fix=one.fix) for one in errors))
        given = _identifiers(view, columns, kinds)
        sent = {kind for kind, _ in given}
        beside = [one for one in _identifiers(replace(view, kinds=()), columns, kinds) if one[0] not in sent]
        _refuse_names(engine, view, columns)
        shared = _find_shared(engine, view, columns, origins)
        files = stage(
            engine,
            view.view,
            _members_sql(view, columns, given, beside, shared),
            folder,
            columns=columns,
            rows_per_file=ROWS_PER_FILE,
            origins=origins,
        )
    schemas, others = ({kind: columns[name].family == "list" for kind, name in one} for one in (given, beside))
    told = {payload.columns[name].column for _, name in given}
    warnings = tuple(f"{one.warning.message} {one.warning.fix}" for one in shared if one.column in told)
    return Staged(view, [file.path for file in files], schemas, beside=others, warnings=warnings)


def kinds_of(view: AudienceView, *, open_engine: Callable[[], Engine], kinds: Sequence[str]) -> tuple[str, ...]:
    """Return the kinds of identifier that a view sends, by its columns; none when it is not built.

    Args:
        view: The view.
        open_engine: Opens the warehouse.
        kinds: Kinds of identifier that the destination knows.
    """
    try:
        with closing(open_engine()) as engine:
            return tuple(kind for kind, _ in _identifiers(view, view_columns(engine, view.view), kinds))
    except PlanError:
        return ()


def _identifiers(view: AudienceView, columns: Mapping[str, SqlType], kinds: Sequence[str]) -> list[tuple[str, str]]:
    """Return each kind of identifier that is sent, with the view's column."""
    fields = [(name, field_) for name in columns if (field_ := view.view.payload.columns.get(name)) is not None]
    found = [(one.path, name) for name, one in fields if one.path in kinds and one.path in (view.kinds or kinds)]
    missing = [kind for kind in view.kinds if kind not in {kind for kind, _ in found}]
    if missing or not found:
        names = {one.path: one.column for one in view.view.payload.fields}
        lacking = ", ".join(f"`{names.get(kind, kind)}`" for kind in missing or kinds)
        message = f"{view.view.model} has no column {lacking}, which its audience is to hold."
        fix = "Add the column, or correct id_types of the model: what is no more asked for is taken out."
        raise PlanError(Problem("no-identity-column", message, view.view.file, fix=fix))
    return found


def _find_shared(
    engine: Engine, view: AudienceView, columns: Mapping[str, SqlType], origins: Origins
) -> tuple[Shared, ...]:
    """Return the digests of a view that are nobody's own, by column."""
    # Only how its columns are read matters here: no row is judged by its age.
    checks = row_checks(view.view.payload, columns, source_id=view.name or None, now_s=0)
    try:
        return find_shared(engine, checks, columns, view.view.relation, view.shared)
    except EngineError as error:
        raise reading_failure(engine, view.view, error, columns, origins=origins) from error


def _members_sql(
    view: AudienceView,
    columns: Mapping[str, SqlType],
    given: Sequence[tuple[str, str]],
    beside: Sequence[tuple[str, str]],
    shared: Sequence[Shared],
) -> str:
    """Return the query for the digests of each row, as the halves that members are compared by.

    Args:
        view: The view.
        columns: Its columns.
        given: Kinds of identifier that are sent, each with its column.
        beside: Those that are looked at only.
        shared: Digests that are nobody's own; where they are dropped, they make a row neither a member nor suppressed.
    """
    payload = replace(view.view.payload, junk_digests=junk_with(view.view.payload.junk_digests, shared))
    typed, dropped, kept, raw = [], [], [], []
    for place, (kind, name) in enumerate([*given, *beside]):
        field_, type_ = payload.columns[name], columns[name]
        typed += [
            f"{typed_value(field_, identifier(name), type_, payload)} as _clean_{place}",
            f"{identifier(name)} as _given_{place}",
        ]
        if place < len(given):
            dropped.append(count_dropped(f"_clean_{place}", f"_given_{place}", type_))
            raw.append(_count_raw(f"_given_{place}", type_))
        both = f"list_transform(_clean_{place}, lambda d: {split_digest('d')})"
        if type_.family != "list":
            both = f"case when _clean_{place} is not null then {split_digest(f'_clean_{place}')} end"
        kept.append(f"{both} as {identifier(kind)}")
    nobody = " and ".join(f"_clean_{place} is null" for place in range(len(given)))
    # Few rows have a value that is left out, so that only these are looked at again.
    counted = f"{' + '.join(dropped)} as _dropped, case when _dropped > 0 then {' + '.join(raw)} else 0 end as _raw"
    return (
        f"select {', '.join(kept)}, {counted}, {nobody} as _nobody "
        f"from (select {', '.join(typed)} from {view.view.relation}) as typed"
    )


def _count_raw(given: str, type_: SqlType) -> str:
    """Return the expression for how many values of a column are neither blank nor 64 hexadecimal digits."""
    listed = given if type_.family == "list" else f"[{given}]"
    texts = f"list_transform({listed}, lambda d: trim(cast(d as varchar)))"
    return (
        f"coalesce(len(list_filter({texts}, lambda d: d <> '' and not regexp_full_match(d, '[0-9A-Fa-f]{{64}}'))), 0)"
    )


def _refuse_names(engine: Engine, view: AudienceView, columns: Mapping[str, object]) -> None:
    """Refuse a view whose rows name other audiences than the settings do."""
    given = next((name for name in view.view.payload.source_id.names if name in columns), None)
    if given is None:
        return
    sql = f"select distinct cast({identifier(given)} as varchar) from {view.view.relation} limit 2"
    try:
        found = [row[0] for row in engine.rows(sql)]
    except EngineError as error:
        raise PlanError(Problem("view-failed", f"{view.view.model}: {error.message}", view.view.file)) from error
    if found in ([], [view.name]):
        return
    message = f"The rows of {view.view.model} name other audiences in `{given}` than the setting audience_name."
    fix = "Leave the column out: one view fills one audience."
    raise PlanError(Problem("audience-names", message, view.view.file, fix=fix))


def shrinks(
    view: AudienceView, advertiser_id: str, counts: MemberCounts, guard: ShrinkGuard, *, reassert: bool = False
) -> Problem | None:
    """Return why the audience of an advertiser is left as it is, but for suppressed people, or None."""
    model = view.view.model
    if counts.raw:
        # Whoever they are would count as people who left.
        has = (
            "1 value where a digest belongs that is"
            if counts.raw == 1
            else f"{counts.raw:,} values where digests belong that are"
        )
        message = f"{model} has {has} none."
        fix = "Hash them by the macros in macros/identity/, or give their column the state that it has."
        return Problem("raw-identifiers", message, view.view.file, fix=fix)
    if guard.is_off or counts.known == 0:
        return None
    if counts.members == 0 and counts.departures > 0:
        message = f"{model} names nobody, and its audience at advertiser {advertiser_id} has {_identifiers_of(counts)}."
    elif counts.departures > max(guard.members, guard.share * counts.known):
        share = counts.departures / counts.known
        message = (
            f"{model} would take {counts.departures:,} of {_identifiers_of(counts)} ({share:.0%}) out of its audience "
            f"at advertiser {advertiser_id}."
        )
    else:
        return None
    command = "audience reconcile" if reassert else "push"
    fix = f"Look at what the view is made of. If it is meant, run `pusher {command} --allow-shrink`."
    return Problem("audience-shrinks", message, view.view.file, fix=fix)


def _identifiers_of(counts: MemberCounts) -> str:
    return counted(counts.known, "identifier")


def few_people(counts: MemberCounts, least: int) -> list[str]:
    """Return a warning when a view names fewer people than an audience needs: a row is one, whatever identifies it."""
    people = min(counts.members, counts.people)
    if not 0 < people < least:
        return []
    who = counted(people, "person", "people")
    return [f"The view names {who} at most: TikTok uses an audience from {least:,} matched people on."]


def untold(store: AudienceStore | None, audience: Audience | None, *, reassert: bool) -> Sequence[tuple[str, str]]:
    """Return the suppressed identifiers that an audience has to be told of, whether it is known to hold them or not.

    Args:
        store: What is known of audiences, or None when nothing is.
        audience: The audience, or None; one that is not made yet holds nobody.
        reassert: Tell it of all of them again.
    """
    if store is None or audience is None or audience.audience_id is None:
        return ()
    return store.suppressed(after=0 if reassert else audience.suppressed_told)


def compare(
    staged: Staged,
    advertiser_id: str,
    audience: Audience | None,
    *,
    api: AudienceApi,
    store: AudienceStore | None,
    root: Path,
    folder: Path,
    now: datetime,
    guard: ShrinkGuard,
    reassert: bool = False,
    freeze: bool = True,
    listed: Sequence[Path] = (),
    suppressed_only: bool = False,
    withheld: Problem | None = None,
) -> AudiencePlan:
    """Work out what has to change at one advertiser.

    Args:
        staged: The view.
        advertiser_id: The advertiser.
        audience: The audience whose members are known, or None.
        api: The destination's audiences.
        store: What is known of audiences, or None when nothing is.
        root: The state folder.
        folder: Folder for the frozen changes, made if need be.
        now: The run's clock.
        guard: When too many would go.
        reassert: Tell everything again that is known.
        freeze: Write the changes, else only count them.
        listed: The project's own list of suppressed identifiers.
        suppressed_only: Take suppressed identifiers out, and leave everything else as it is.
        withheld: Why everything but suppressed identifiers is left as it is, or None.
    """
    view = staged.view
    files = store.member_files(audience) if store and audience else []
    newest = store.newest_suppressed() if store else 0
    with Comparison(
        folder=folder,
        staged=staged.files,
        schemas=staged.kinds,
        kinds=api.kinds,
        members=[root / file.path for file in files],
        suppressed=Barred(store.suppressed() if store else (), listed),
        now=now,
        reassert=reassert,
        untold=untold(store, audience, reassert=reassert),
        beside=staged.beside,
    ) as comparison:
        counts = comparison.compare()
        refusal = (
            None if suppressed_only else shrinks(view, advertiser_id, counts, guard, reassert=reassert) or withheld
        )
        frozen = comparison.freeze(suppressed_only=suppressed_only or refusal is not None) if freeze else []
    if suppressed_only:
        counts = replace(counts, adds=0, deletes=counts.suppressed_deletes, departures=0)
    receipt = AudienceReceipt(
        model=view.view.model,
        name=view.name,
        advertiser_id=advertiser_id,
        audience_id=audience.audience_id if audience else None,
        counts=counts,
        problem=refusal,
        warnings=[*staged.warnings],
    )
    if refusal is not None:
        receipt.refused_adds, receipt.refused_deletes = counts.adds, counts.deletes - counts.suppressed_deletes
    elif not suppressed_only and counts.members == counts.suppressed == counts.known == 0:
        message = f"{view.view.model} names nobody, so that there is nothing to fill its audience with."
        fix = "Look at what the view is made of."
        receipt.problem = Problem("audience-empty", message, view.view.file, fix=fix)
    elif not suppressed_only:
        receipt.warnings += few_people(counts, api.least_members)
    return AudiencePlan(staged, advertiser_id, receipt, frozen, newest, refusal)
