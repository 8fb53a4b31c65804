"""Reads views as they are now, for the report about what was sent of them and what was not."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import closing
from dataclasses import replace
from datetime import datetime
from pathlib import Path

from pusher.config import SharedLimits
from pusher.contracts import Engine
from pusher.ledger.audiences import AudienceStore
from pusher.ledger.barred import Barred
from pusher.ledger.bridge import Bridge, StagedView, bridge
from pusher.ledger.opening import read_store
from pusher.ledger.state import StateFolder, scratch_folder
from pusher.payload.projection import staged_sql
from pusher.push.late import identities
from pusher.push.plan import PlanOptions, View, judge, stage
from pusher.push.suppressions import Suppressions, read_suppressions

ANY_AGE_S = 2**40
TOP_PRODUCTS = 20


def report(
    views: Sequence[View],
    *,
    open_engine: Callable[[Path], Engine],
    state: StateFolder,
    now: datetime,
    pixel_window: bool,
    shared: SharedLimits,
    by: Sequence[str],
    suppressions: Suppressions | None = None,
) -> Bridge:
    """Return what became of the rows of views.

    Args:
        views: The views.
        open_engine: Opens the warehouse, allowed to write into one folder.
        state: The state folder.
        now: Current moment.
        pixel_window: The web events are also reported by the pixel.
        shared: When an identifier stands in too many rows to be one person's.
        by: Dimensions to group by.
        suppressions: The model that lists who is kept out, or None.

    Raises:
        PlanError: A view cannot be read.
        StateError: Nothing was pushed yet, or the ledger cannot be read.
    """
    with scratch_folder() as folder:
        options = PlanOptions(run="", now=now, shared=shared)
        staged = [_staged(view, open_engine, folder, options, pixel_window=pixel_window) for view in views]
        listed = read_suppressions(
            suppressions, open_engine=lambda: open_engine(folder), folder=folder / "suppressions"
        )
        return bridge(
            state, staged, barred=Barred(_forgotten(state), listed.files), by=by, spill=folder, top=TOP_PRODUCTS
        )


def _forgotten(state: StateFolder) -> Sequence[tuple[str, str]]:
    store = read_store(state)
    if store is None:
        return ()
    with closing(store):
        return AudienceStore(store).suppressed()


def _staged(
    view: View, open_engine: Callable[[Path], Engine], folder: Path, options: PlanOptions, *, pixel_window: bool
) -> StagedView:
    limits = view.payload.limits
    ageless = replace(view.payload, limits=replace(limits, max_age_s=ANY_AGE_S))
    with closing(open_engine(folder)) as engine:
        checks, columns = judge(engine, replace(view, payload=ageless), options)
        sql = staged_sql(checks, columns, view.relation)
        files = stage(engine, view, sql, folder / view.model, columns=columns)
    age_s = view.payload.longest_age_s(pixel_window=pixel_window)
    fields = [view.payload.field(name) for name in (*view.payload.identity, "external_id")]
    return StagedView(
        model=view.model,
        files=[file.path for file in files],
        terms={number: reason.term for number, reason in enumerate(checks.reasons)},
        oldest_s=int(options.now.timestamp()) - age_s,
        identities=[one.path for one in fields if one is not None],
        digests=identities(view.payload),
    )
