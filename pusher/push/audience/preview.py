"""What a request about an audience, or its file, looks like."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime
from itertools import islice
from pathlib import Path

from pusher.config import ShrinkGuard
from pusher.contracts import AudienceApi, Destination, Engine, FileAudienceApi
from pusher.errors import PlanError, Problem
from pusher.ledger.audiences import Change
from pusher.ledger.barred import Barred
from pusher.ledger.comparison import Comparison
from pusher.ledger.state import scratch_folder
from pusher.ledger.uploads import write_whole_set
from pusher.push.audience.binding import FILE
from pusher.push.audience.plan import AudienceView, compare, stage_members
from pusher.push.audience.rows import pieces

NOT_MADE = "0"
"""What stands for the id of an audience that was not made yet."""


def first_members(
    view: AudienceView,
    *,
    open_engine: Callable[[Path], Engine],
    api: AudienceApi,
    audience_id: str | None,
    now: datetime,
    limit: int,
) -> bytes:
    """Return the body of the request that would add the first people of a view to an empty audience.

    Raises:
        PlanError: The view is not built, or nobody in it has an identifier.
    """
    advertiser_id = view.advertisers[0]
    with scratch_folder() as folder:
        staged = stage_members(
            view, open_engine=lambda: open_engine(folder), folder=folder / "members", kinds=api.kinds
        )
        plan = compare(
            staged, advertiser_id, None, api=api, store=None, root=folder, folder=folder / "changes", now=now,
            guard=ShrinkGuard(),
        )  # fmt: skip
        for one in plan.frozen:
            change = Change(0, 0, one.action, one.file.rows, "", None)
            piece = next(pieces(change, one.file.path, limit))
            _, body = api.members(
                advertiser_id=advertiser_id,
                audience_id=audience_id or NOT_MADE,
                action=piece.action,
                cells=piece.cells,
            )
            return body
    raise _nobody(view)


def first_lines(
    view: AudienceView,
    *,
    open_engine: Callable[[Path], Engine],
    api: FileAudienceApi,
    kinds: Sequence[str],
    now: datetime,
    limit: int,
) -> bytes:
    """Return the header, if there is one, and the first lines of the file that holds the people of a view.

    Raises:
        PlanError: The view is not built, or nobody in it has an identifier.
    """
    with scratch_folder() as folder:
        staged = stage_members(view, open_engine=lambda: open_engine(folder), folder=folder / "members", kinds=kinds)
        layout = api.layout(staged.kinds)
        with Comparison(
            folder=folder / "changes",
            staged=staged.files,
            schemas=staged.kinds,
            kinds=kinds,
            members=(),
            suppressed=Barred(),
            now=now,
        ) as comparison:
            comparison.compare()
            whole = write_whole_set(
                comparison, layout, most_bytes=api.most_file_bytes, most_columns=api.most_columns, now=now
            )
        for one in whole.uploads:
            with one.path.open("rb") as stream:
                return b"".join(islice(stream, limit + layout.has_header))
    raise _nobody(view)


def _nobody(view: AudienceView) -> PlanError:
    fix = f"`pusher build --select {view.view.model}` says why."
    return PlanError(Problem("no-rows", f"Nobody in {view.view.model} has an identifier.", view.view.file, fix=fix))


def first_audience_body(
    view: AudienceView,
    *,
    open_engine: Callable[[Path], Engine],
    destination: Destination,
    audience_id: str | None,
    now: datetime,
    limit: int,
) -> bytes:
    """Return what the first people of a view are told by: a request's body, or the first lines of a file.

    Raises:
        PlanError: The view is not built, or nobody in it has an identifier.
    """
    api = destination.audiences
    if view.method == FILE:
        files = destination.file_audiences
        return first_lines(view, open_engine=open_engine, api=files, kinds=api.kinds, now=now, limit=limit)
    return first_members(view, open_engine=open_engine, api=api, audience_id=audience_id, now=now, limit=limit)
