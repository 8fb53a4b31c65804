"""Reads a destination view once, judges its rows, and freezes the ones that are due under temporary names."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterable, Sequence
from contextlib import closing
from dataclasses import dataclass, field
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from pusher.config import SharedLimits
from pusher.contracts import FINAL_STATES, Engine, EngineError, StagedFile
from pusher.errors import PlanError, Problem
from pusher.ledger.audiences import AudienceStore
from pusher.ledger.barred import Barred
from pusher.ledger.exclusion import Exclusion
from pusher.ledger.quarantine import ReasonText
from pusher.ledger.reconcile import Reconciled, Reconciler, TermCount
from pusher.ledger.rows import Part, Ranges, leaves
from pusher.ledger.state import PRIVATE_FOLDER
from pusher.ledger.store import Store
from pusher.ledger.waiting import Waiting
from pusher.payload.checks import RowChecks, row_checks
from pusher.payload.columns import check_columns
from pusher.payload.digests import event_key
from pusher.payload.model import Payload
from pusher.payload.projection import staged_sql
from pusher.payload.reasons import Reason
from pusher.payload.row_warnings import RowWarning
from pusher.payload.types import SqlType, parse_type
from pusher.plural import counted
from pusher.push.encode import due_rows, minus
from pusher.push.late import identities
from pusher.push.reading import Origins, no_origins, reading_failure
from pusher.push.refused import refused_keys
from pusher.push.shared import find_shared

if TYPE_CHECKING:
    import pyarrow as pa

# Half of what a part may hold: both the writer and the reader of a part keep all of its rows in memory.
ROWS_PER_FILE = 50_000
BUILD_TO_PUSH_S = 3_600
"""A view that was built for one moment is pushed at a later one."""


@dataclass(frozen=True, slots=True)
class View:
    """A destination view that is pushed.

    Attributes:
        model: Model name.
        file: Its file, for messages.
        relation: Quoted name in the warehouse.
        payload: What it is pushed as.
        source_id: Event source id from the settings, or None.
    """

    model: str
    file: str
    relation: str
    payload: Payload
    source_id: str | None


@dataclass(frozen=True, slots=True)
class PlanOptions:
    """What a plan depends on beside the view.

    Attributes:
        run: Run id.
        now: The run's clock.
        space: Key space: empty for real events, `test:CODE` for test events.
        pixel_window: The web events are also reported by the pixel.
        strict: Ask for the vendor page's strict list of columns.
        oldest_s: Unix second before which the ledger has forgotten keys, or None.
        longest_lookback_s: A row that may be sent and is older makes the plan fail, or None for any age.
        shared: When an identifier stands in too many rows to be one person's.
        listed: The project's own list of suppressed people, as `read_suppressions` wrote it.
        newest_suppressed: How far the ledger's list reached before anything was planned.
        untold: Earlier runs that ended without a receipt: what became of rows in them is told by this one.
        unshown: Those of them of which no `retry` has shown either what TikTok refused.
    """

    run: str
    now: datetime
    space: str = ""
    pixel_window: bool = False
    strict: bool = False
    oldest_s: int | None = None
    longest_lookback_s: int | None = None
    shared: SharedLimits = field(default_factory=SharedLimits)
    listed: Sequence[Path] = ()
    newest_suppressed: int = 0
    untold: Sequence[str] = ()
    unshown: Sequence[str] = ()


@dataclass(frozen=True, slots=True)
class Plan:
    """What became of a view's rows.

    Attributes:
        view: The view.
        counts: Rows by term, detail and currency.
        reasons: Reason texts by code.
        warnings: What may be odd about planned rows; bits of the counts' `warnings`.
        dropped_identifiers: Identifiers that were not digests or identified nobody.
        new_conflicts: Conflicts that no earlier run has seen.
        released: Parts of earlier runs that are given back: they were frozen for an event source that the settings
            no longer name, and nothing of them can have arrived.
        held_elsewhere: Rows that wait in parts that this run does not send.
        shown: File of the waiting rows of earlier runs of which nothing can have arrived and that the view shows, or
            None when nothing waits so.
        waiting: What the view shows of open parts, or None when it shows nothing of them.
        rows: Rows of the view.
        planned: Rows that are due.
    """

    view: View
    counts: Sequence[TermCount]
    reasons: dict[str, Reason]
    warnings: Sequence[RowWarning]
    dropped_identifiers: int
    new_conflicts: int
    released: Sequence[Part] = ()
    held_elsewhere: int = 0
    shown: Path | None = None
    waiting: Waiting | None = None

    @property
    def rows(self) -> int:
        """Rows of the view."""
        return sum(count.rows for count in self.counts)

    @property
    def planned(self) -> int:
        """Rows that are due."""
        return sum(count.rows for count in self.counts if count.term == "planned")


def view_columns(engine: Engine, view: View) -> dict[str, SqlType]:
    """Return a built view's columns and types.

    Raises:
        PlanError: The view is not there or does not run any more.
    """
    try:
        columns = engine.columns(f"select * from {view.relation}")
    except EngineError as error:
        missing = error.kind == "catalog"
        message = f"The view of {view.model} is not in the warehouse." if missing else f"{view.model}: {error.message}"
        fix = f"Run `pusher build --select +{view.model}` first."
        raise PlanError(Problem("not-built", message, view.file, fix=fix)) from error
    return {column.name: parse_type(column.type) for column in columns}


def judge(
    engine: Engine, view: View, options: PlanOptions, *, origins: Origins = no_origins
) -> tuple[RowChecks, dict[str, SqlType]]:
    """Check a view's columns and work out how its rows are judged.

    Raises:
        PlanError: A required column is missing, or a column has the wrong type.
    """
    columns = view_columns(engine, view)
    findings = check_columns(view.payload, columns, source_id=view.source_id, strict=options.strict)
    errors = [finding for finding in findings if finding.severity == "error"]
    if errors:
        raise PlanError(*(Problem(one.code, f"{view.model}: {one.message}", view.file, fix=one.fix) for one in errors))
    prepare = partial(
        row_checks,
        view.payload,
        columns,
        source_id=view.source_id,
        now_s=int(options.now.timestamp()),
        pixel_window=options.pixel_window,
        oldest_s=options.oldest_s,
    )
    checks = prepare()
    try:
        shared = find_shared(engine, checks, columns, view.relation, options.shared)
    except EngineError as error:
        raise reading_failure(engine, view, error, columns, origins=origins) from error
    return prepare(shared=shared) if shared else checks, columns


def stage(
    engine: Engine,
    view: View,
    sql: str,
    folder: Path,
    *,
    columns: Iterable[str],
    rows_per_file: int = ROWS_PER_FILE,
    origins: Origins = no_origins,
) -> list[StagedFile]:
    """Write the rows of a view into a new folder, which does not outlive a failure.

    Args:
        engine: The warehouse.
        view: The view.
        sql: Its rows as they are written.
        folder: The folder.
        columns: The view's columns.
        rows_per_file: Most rows of a file.
        origins: Says which SQL makes each column of a view; asked only when it fails.

    Raises:
        PlanError: The view cannot be read.
    """
    folder.mkdir(mode=PRIVATE_FOLDER)
    try:
        return engine.stage(sql, folder, rows_per_file=rows_per_file)
    except EngineError as error:
        shutil.rmtree(folder, ignore_errors=True)
        raise reading_failure(engine, view, error, columns, origins=origins) from error


def plan_view(
    view: View,
    *,
    open_engine: Callable[[], Engine],
    folder: Path,
    store: Store | None,
    state_root: Path,
    options: PlanOptions,
    frozen_before: Sequence[Path] = (),
    elsewhere: Sequence[Part] = (),
    unsent: pa.Table | None = None,
    origins: Origins = no_origins,
) -> tuple[Plan, Reconciled]:
    """Judge a view and freeze its due rows under temporary names.

    Args:
        view: The view.
        open_engine: Opens the warehouse; it is closed before the rows are compared, to give its memory back.
        folder: Folder for temporary files, on the file system of the outbox.
        store: The ledger, or None when there is none yet.
        state_root: Folder that the ledger's paths are relative to.
        options: Clock, run and key space.
        frozen_before: Parts of other views of this run, whose events may not be planned a second time.
        elsewhere: Parts of earlier runs that this run does not send.
        unsent: Rows of open parts of which TikTok has nothing and that nobody sends any more, as `Exclusion` takes
            them.
        origins: Says which SQL makes each column of a view; asked only when rows are not sent, or it fails.

    Raises:
        PlanError: The view cannot be planned.
    """
    staging = folder / f"{options.run}-{view.model}.staging"
    frozen = folder / f"{options.run}-{view.model}.frozen"
    with closing(open_engine()) as engine:
        checks, columns = judge(engine, view, options, origins=origins)
        sql = staged_sql(checks, columns, view.relation)
        staged = stage(engine, view, sql, staging, columns=columns, origins=origins)
    if options.longest_lookback_s is not None:
        _refuse_old_rows(view, staged, options.now, options.longest_lookback_s)
    frozen.mkdir(mode=PRIVATE_FOLDER)
    texts = {
        number: ReasonText(reason.term, reason.code, reason.field, reason.message, reason.fix)
        for number, reason in enumerate(checks.reasons)
    }

    max_age_s = view.payload.longest_age_s(pixel_window=options.pixel_window)
    released = _released(view, checks, store, options)
    given_back = {part.path for part in released}

    untold = {state_root / path for path in store.untold_quarantine(options.space, options.run)} if store else set()

    def paths(kind: str) -> list[Path]:
        files = store.files(kind, options.space) if store else []
        return [state_root / file.path for file in files if file.path not in given_back]

    held = [*paths("outbox"), *frozen_before]
    untried = _untried(held, store, state_root) if store else {}
    found = folder / f"{options.run}-{view.model}.shown"
    shown = found / "rows.parquet" if untried else None
    waiting = found / "waiting.parquet" if held else None
    if held:
        found.mkdir(mode=PRIVATE_FOLDER)
    with Reconciler(
        folder=frozen,
        staged=staged,
        exclusion=Exclusion(
            keys=[*paths("keys"), *paths("archive")],
            held=held,
            reopened=paths("reopened"),
            barred=Barred(AudienceStore(store).suppressed() if store else (), options.listed),
            identities=identities(view.payload),
            refused=refused_keys(store, options.space, state_root) if store else (),
            unsent=unsent,
            untried=untried,
            shown=shown,
            waiting=waiting,
            oldest_s=int(options.now.timestamp()) - max_age_s,
            expired=[number for number, reason in enumerate(checks.reasons) if reason.term == "expired"],
            event_key=event_key(view.payload),
        ),
        known_conflicts=[*paths("conflicts"), *(path for path in paths("quarantine") if path not in untold)],
        reasons=texts,
        told=paths("quarantine"),
        undigested={state_root / file.path: file.sha256 for file in store.files("archive", options.space)}
        if store
        else {},
        waiting_elsewhere=_waiting_keys(store, elsewhere, state_root) if store else None,
    ) as reconciler:
        result = reconciler.reconcile(
            model=view.model,
            run=options.run,
            first_seen=options.now.isoformat(),
            max_age_s=max_age_s,
            origins=lambda: origins(view.model),
        )
    plan = Plan(
        view=view,
        counts=result.counts,
        reasons={reason.code: reason for reason in checks.reasons},
        warnings=checks.warnings,
        dropped_identifiers=result.dropped_identifiers,
        new_conflicts=result.new_conflicts,
        released=released,
        held_elsewhere=result.held_elsewhere,
        shown=shown if shown is not None and shown.exists() else None,
        waiting=Waiting(waiting, _by_place(held, store.open_parts() if store else (), state_root))
        if waiting is not None and waiting.exists()
        else None,
    )
    return plan, result


def _by_place(held: Sequence[Path], parts: Sequence[Part], root: Path) -> dict[int, int]:
    """Return parts by the place of their file; those of this run are not recorded yet."""
    places = {path: place for place, path in enumerate(held)}
    return {places[path]: part.id for part in parts if (path := root / str(part.path)) in places}


def _untried(held: Sequence[Path], store: Store, root: Path) -> dict[int, int]:
    """Return the parts of which nothing can have arrived, by the place of their file."""
    places = {path: place for place, path in enumerate(held)}
    found = {places.get(root / path): part for part, path in store.untried_parts()}
    return {place: part for place, part in found.items() if place is not None}


def _refuse_old_rows(view: View, staged: Sequence[StagedFile], now: datetime, longest_s: int) -> None:
    """Refuse a view with rows that a run without memory could send after TikTok forgot their first copy.

    Raises:
        PlanError: There is such a row.
    """
    import pyarrow as pa
    import pyarrow.compute as pc
    import pyarrow.parquet as pq

    oldest = pa.scalar(int(now.timestamp()) - longest_s - BUILD_TO_PUSH_S, pa.int64())
    old = 0
    for file in staged:
        with pq.ParquetFile(file.path) as rows:
            table = rows.read(columns=["_event_time", "_reason"])
        times = table.filter(pc.is_null(table.column("_reason"))).column("_event_time")
        old += len(times.filter(pc.less(times, oldest)))
    if old:
        hours = longest_s // 3_600
        what = f"{view.model} has {counted(old, 'row')} older than {hours} hours"
        message = f"{what}, which a push without a ledger may not send."
        fix = (
            f"Let the view look back {hours} hours at most, or keep the state folder and push without --stateless: "
            "only a ledger knows what was sent before."
        )
        raise PlanError(Problem("stateless-lookback", message, view.file, fix=fix))


def _released(view: View, checks: RowChecks, store: Store | None, options: PlanOptions) -> list[Part]:
    """Return the parts whose rows have to be frozen anew, because the setting names another event source now.

    A wrong id that was typed at first would block a target for ever. Where rows name their source, they decide.
    """
    if store is None or view.source_id is None or view.payload.source_id.column in checks.fields:
        return []
    return store.untouched_parts(
        model=view.model, payload=view.payload.name, space=options.space, source_id=view.source_id
    )


def _waiting_keys(store: Store, parts: Sequence[Part], root: Path) -> pa.Table | None:
    """Return the keys of those rows of some open parts of which nothing is final, or None when there are no parts."""
    import pyarrow as pa

    found = []
    for part in parts:
        assert part.path is not None  # noqa: S101 -- open parts have a file
        final = [batch.ranges for batch in leaves(store.batches(part.id)) if batch.state in FINAL_STATES]
        waiting: Ranges = minus(((0, part.rows),), tuple(piece for ranges in final for piece in ranges))
        keys = due_rows(root / part.path, "_event_key".__eq__)
        found += [keys.slice(*piece) for piece in waiting]
    return pa.concat_tables(found) if found else None
