"""Gives what a plan froze its durable names, and records it: from then on an interrupted push goes on with it."""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from pusher.contracts import StagedFile
from pusher.ledger.compaction import remember_conflicts
from pusher.ledger.reconcile import Reconciled
from pusher.ledger.rows import File
from pusher.ledger.state import StateFolder, publish
from pusher.ledger.store import Store
from pusher.push.plan import Plan, PlanOptions, View

PUBLISHING_THREADS = 4


def commit_plan(
    plan: Plan, result: Reconciled, *, store: Store, state: StateFolder, destination: str, options: PlanOptions
) -> None:
    """Give the frozen rows their durable names and record them; the old quarantine of the view is replaced."""
    view = plan.view

    def name_part(number: int) -> tuple[str, File]:
        source_id, staged = result.parts[number]
        final = state.outbox / f"{options.run}-{view.model}-{number}.parquet"
        return source_id, _file(staged, final, kind="outbox", view=view, options=options, state=state)

    # Each waits for the disk and works out a digest of its bytes, both without Python's lock.
    with ThreadPoolExecutor(PUBLISHING_THREADS) as pool:
        named = list(pool.map(name_part, range(len(result.parts))))
    quarantine = None
    if result.quarantine is not None:
        final = state.quarantine / f"{options.run}-{view.model}.parquet"
        quarantine = _file(result.quarantine, final, kind="quarantine", view=view, options=options, state=state)
    replaced = [
        file
        for kind in ("quarantine", "conflicts")
        for file in store.files(kind, options.space)
        if file.model == view.model and not file.path.endswith("-refused.parquet")
    ]
    untold = store.untold_quarantine(options.space, options.run)
    told = [file for file in replaced if file.path not in untold]
    conflicts = _told_conflicts(plan, told, state=state, options=options)
    with store.transaction():
        for source_id, file in named:
            store.add_part(
                run=options.run,
                model=view.model,
                payload=view.payload.name,
                destination=destination,
                source_id=source_id,
                file=file,
                now=options.now,
            )
        for part in plan.released:
            store.release_part(part, now=options.now)
        store.drop_files(replaced)
        for explained in filter(None, (quarantine, conflicts)):
            store.add_file(explained, run=options.run, now=options.now)
    for path in (*(file.path for file in replaced), *(part.path for part in plan.released)):
        (state.root / str(path)).unlink(missing_ok=True)
    for ending in ("staging", "frozen"):
        shutil.rmtree(state.outbox / f"{options.run}-{view.model}.{ending}", ignore_errors=True)


def _told_conflicts(plan: Plan, told: Sequence[File], *, state: StateFolder, options: PlanOptions) -> File | None:
    """Keep the conflicts that were told: after a run without them, or one that is killed, they are not new again."""
    if not told:
        return None
    limits = plan.view.payload.limits
    final = state.quarantine / f"{options.run}-{plan.view.model}-conflicts.parquet"
    temporary = final.with_suffix(".tmp")
    rows = remember_conflicts(
        [state.root / file.path for file in told],
        temporary,
        keep_since=int(options.now.timestamp()) - limits.max_age_s - limits.dedupe_window_s,
    )
    if rows == 0:
        return None
    return _file(StagedFile(temporary, rows), final, kind="conflicts", view=plan.view, options=options, state=state)


def _file(staged: StagedFile, final: Path, *, kind: str, view: View, options: PlanOptions, state: StateFolder) -> File:
    digest = publish(staged.path, final)
    return File.at(final, state.root, kind=kind, space=options.space, model=view.model, rows=staged.rows, sha256=digest)
