"""Works out whether all members of an audience have to be given to TikTok anew, and writes them as files."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from pathlib import Path

from pusher.config import ShrinkGuard
from pusher.contracts import FileAudienceApi, FileLayout
from pusher.errors import Problem
from pusher.ledger.audiences import Audience, AudienceStore
from pusher.ledger.barred import Barred
from pusher.ledger.comparison import Comparison, MemberCounts
from pusher.ledger.loads import APPEND, REMOVE, REPLACE, Load, LoadState, LoadStore
from pusher.ledger.members import HOLD
from pusher.ledger.uploads import (
    WholeSet,
    keep_members,
    keep_unknown,
    known_kinds,
    leaving_kinds,
    want_without_leaving,
    write_whole_set,
)
from pusher.plural import counted
from pusher.push.audience.binding import FILE
from pusher.push.audience.plan import Staged, few_people, shrinks, untold
from pusher.push.audience.receipt import AudienceReceipt


@dataclass(frozen=True, slots=True)
class Known:
    """What is known of the audience of one view.

    Attributes:
        audience: Its owner's, or None.
        store: What is known of audiences, or None when nothing is.
        loads: What they were given, or None.
        others: Advertisers who have it by share.
    """

    audience: Audience | None
    store: AudienceStore | None
    loads: LoadStore | None
    others: frozenset[str] = frozenset()


@dataclass(slots=True)
class FilePlan:
    """What has to be done about one audience of files.

    Attributes:
        staged: The view.
        layout: What its files look like.
        receipt: Line of the advertiser who owns it.
        shared: Lines of the others.
        whole: All its members, when TikTok has to be told of some.
        action: `replace`; or `append` or `remove` when its files hold only those who come or leave.
        is_only_suppressed: The view lost too many members, so that only those go who are suppressed.
        is_too_small: Fewer would be left than TikTok takes, so that nothing is sent.
        is_unconfirmed: TikTok is to be asked what it made of the last files.
        due_at: Moment before which all members may not be replaced, or None.
        newest_suppressed: How far the list of suppressed identifiers was read.
        held: Identifiers that the audience is known to hold, which whoever has it by share can use.
    """

    staged: Staged
    layout: FileLayout
    receipt: AudienceReceipt
    shared: list[AudienceReceipt]
    whole: WholeSet | None = None
    action: str = REPLACE
    is_only_suppressed: bool = False
    is_too_small: bool = False
    is_unconfirmed: bool = False
    due_at: datetime | None = None
    newest_suppressed: int = 0
    held: int = 0
    receipts: list[AudienceReceipt] = field(init=False)

    def __post_init__(self) -> None:
        """Put the owner's line before the others."""
        self.receipts = [self.receipt, *self.shared]

    def took(self) -> None:
        """Note in the owner's line that TikTok took the members."""
        counts = self.receipt.counts
        self.receipt.is_open = False
        if self.whole is not None:
            self.holds(self.whole.members.rows)
        if self.is_only_suppressed:
            self.receipt.deleted = counts.suppressed_deletes
            self.receipt.unknown_deleted = counts.unknown_deletes
            return
        if self.action != REMOVE:
            self.receipt.added = counts.adds
        if self.action != APPEND:
            self.receipt.deleted = counts.deletes
            self.receipt.unknown_deleted = counts.unknown_deletes

    def holds(self, members: int) -> None:
        """Note how many identifiers the audience is known to hold, also for those who have it by share."""
        self.held = members
        for line in self.shared:
            if line.audience_id is not None:
                line.counts = replace(line.counts, members=members, unchanged=members)


def plan_files(
    staged: Staged,
    known: Known,
    *,
    api: FileAudienceApi,
    kinds: tuple[str, ...],
    root: Path,
    folder: Path,
    now: datetime,
    guard: ShrinkGuard,
    reassert: bool = False,
    listed: Sequence[Path] = (),
    suppressed_only: bool = False,
    withheld: Problem | None = None,
) -> FilePlan:
    """Work out what has to be done about the audience of one view.

    Args:
        staged: The view.
        known: What is known of its audience.
        api: The destination's audiences of files.
        kinds: All kinds of identifier of the destination.
        root: The state folder.
        folder: Folder for the files, made if need be.
        now: The run's clock.
        guard: When too many would go.
        reassert: Give all members again, changed or not.
        listed: The project's own list of suppressed identifiers.
        suppressed_only: Take suppressed identifiers out, and leave everything else as it is.
        withheld: Why everything but suppressed identifiers is left as it is, or None.
    """
    view, audience = staged.view, known.audience
    newest = known.store.newest_suppressed() if known.store else 0
    latest = known.loads.latest(audience) if known.loads and audience else None
    # What is in the audience is not what the ledger kept of it, or nobody knows.
    is_open = latest is not None and (latest.is_in_doubt or latest.state is LoadState.FAILED)
    files = known.store.member_files(audience) if known.store and audience else []
    with Comparison(
        folder=folder,
        staged=staged.files,
        schemas=staged.kinds,
        kinds=kinds,
        members=[root / file.path for file in files],
        suppressed=Barred(known.store.suppressed() if known.store else (), listed),
        now=now,
        reassert=reassert or is_open,
        untold=untold(known.store, audience, reassert=reassert) if files else (),
        beside=staged.beside,
    ) as comparison:
        counts = comparison.compare()
        layout = api.layout(staged.kinds)
        if suppressed_only:
            counts = replace(counts, adds=0, deletes=counts.suppressed_deletes, departures=0)
        shrunk = (
            None
            if suppressed_only
            else shrinks(view, view.advertisers[0], counts, guard, reassert=reassert) or withheld
        )
        if suppressed_only or shrunk is not None:
            # Whoever stays has identifiers that the view need not have.
            layout = _layout_of(latest, comparison, api, kinds)
        # Nobody can be in it by a kind of identifier that it does not hold.
        counts = replace(counts, unknown_deletes=keep_unknown(comparison, _places(comparison, layout)))
        plan = _plan(staged, known, counts, api, layout, shrunk=shrunk, is_only_suppressed=suppressed_only)
        plan.holds(0 if is_open else counts.known)
        plan.newest_suppressed = newest
        plan.is_unconfirmed = latest is not None and latest.state is not LoadState.CONFIRMED
        # Whoever is suppressed may be in it still, although the members do not name them any more.
        plan.receipt.is_open = is_open and plan.is_only_suppressed
        is_kept_due = plan.receipt.is_open and counts.known - counts.suppressed_deletes >= api.least_members
        is_due = plan.receipt.is_pending or is_kept_due
        if is_due and not plan.is_too_small:
            if known.loads and audience:
                plan.due_at = _due_at(known.loads, audience, api, now)
            is_due_now, told = _told(plan, comparison, api, is_open=is_open, reassert=reassert)
            if not is_due_now:
                return plan
            plan.whole = write_whole_set(
                comparison,
                plan.layout,
                most_bytes=api.most_file_bytes,
                most_columns=api.most_columns,
                now=now,
                told=told,
            )
    if plan.whole is not None:
        plan.receipt.files, plan.receipt.bytes = len(plan.whole.uploads), plan.whole.bytes
        if plan.receipt.files > api.most_files:
            _refuse(plan, _too_many_files(plan, api))
    return plan


def _places(comparison: Comparison, layout: FileLayout) -> list[int]:
    """Return the kinds of identifier that files hold, by their places."""
    return [comparison.kinds.index(kind) for _, kinds in layout.columns for kind in kinds]


def _is_of_unknown(counts: MemberCounts) -> bool:
    """Say whether nothing is to be told but who leaves to be sure: for them all members need not be given again."""
    return bool(counts.unknown_deletes) and not (counts.adds or counts.deletes)


def _told(
    plan: FilePlan, comparison: Comparison, api: FileAudienceApi, *, is_open: bool, reassert: bool
) -> tuple[bool, str | None]:
    """Return whether something can be told now, and the table of who goes into the files; None for all members."""
    if _is_of_unknown(plan.receipt.counts) and not (is_open or reassert):
        told = _narrow(plan, comparison, api)
        if told is not None:
            return True, told
    # A load in doubt may turn out to be this very set, for which its files need not be sent again.
    if plan.due_at is None or is_open:
        if plan.is_only_suppressed:
            keep_members(comparison)
        return True, None
    told = None if reassert else _narrow(plan, comparison, api)
    return told is not None, told


def _due_at(loads: LoadStore, audience: Audience, api: FileAudienceApi, now: datetime) -> datetime | None:
    """Return when all members may be replaced again, or None when they may be now."""
    last, latest = loads.latest(audience, REPLACE), loads.latest(audience)
    if last is None or latest is None:
        return None
    due_at = last.asked_at + api.replace_again_after
    if latest.is_in_doubt:
        # What lands late must not land on top of a replacement.
        due_at = max(due_at, latest.asked_at + HOLD)
    return due_at if now < due_at else None


def _narrow(plan: FilePlan, comparison: Comparison, api: FileAudienceApi) -> str | None:
    """Let a plan tell who leaves, or else who comes, while all members may not be replaced.

    Returns:
        The comparison's table of them, or None when that cannot be told by itself.
    """
    counts = plan.receipt.counts
    leaving = counts.suppressed_deletes if plan.is_only_suppressed else counts.deletes
    if not leaving and not counts.unknown_deletes:
        plan.action = APPEND
        return "coming"
    kinds = {kind for _, kinds in plan.layout.columns for kind in kinds}
    is_told = all(
        comparison.kinds[place] in kinds for place in leaving_kinds(comparison, suppressed_only=plan.is_only_suppressed)
    )
    if not is_told or counts.known - leaving < api.least_members:
        return None
    plan.action = REMOVE
    want_without_leaving(comparison, suppressed_only=plan.is_only_suppressed)
    return "going"


def _layout_of(latest: Load | None, comparison: Comparison, api: FileAudienceApi, kinds: tuple[str, ...]) -> FileLayout:
    """Return the layout of an audience whose view is not at hand: that of its members, if it is of the type of before.

    Else none of some kind is left, which does not change the type.
    """
    found = api.layout([kinds[place] for place in known_kinds(comparison)] or kinds)
    return found if latest is None or latest.file_type == found.type else api.layout(kinds)


def _plan(
    staged: Staged,
    known: Known,
    counts: MemberCounts,
    api: FileAudienceApi,
    layout: FileLayout,
    *,
    shrunk: Problem | None,
    is_only_suppressed: bool,
) -> FilePlan:
    view, audience = staged.view, known.audience
    owner, *others = view.advertisers
    audience_id = audience.audience_id if audience else None
    receipt = AudienceReceipt(view.view.model, view.name, owner, audience_id, counts, method=FILE, problem=shrunk)
    receipt.warnings += staged.warnings
    plan = FilePlan(
        staged,
        layout,
        receipt,
        [_shared(receipt, one, is_there=one in known.others) for one in others],
    )
    plan.is_only_suppressed = is_only_suppressed or shrunk is not None
    members = counts.known - counts.suppressed_deletes if plan.is_only_suppressed else counts.members
    if shrunk is not None:
        receipt.refused_adds, receipt.refused_deletes = counts.adds, counts.deletes - counts.suppressed_deletes
    is_due = receipt.is_pending or audience_id is None
    if is_due and members < api.least_members:
        left = counted(members, "identifier")
        message = (
            f"{view.view.model} would leave {left} in audience `{view.name}`: TikTok fails files of "
            f"fewer than {api.least_members:,} members, so nothing is sent."
        )
        fix = "Widen the view, or set `method: stream` and another audience_name: streaming takes any number."
        if counts.suppressed_deletes:
            fix += " Who is suppressed stays in it until then; to have them out now, delete the audience in TikTok."
        plan.is_too_small = True
        _refuse(plan, receipt.problem or Problem("audience-too-small", message, view.view.file, fix=fix))
    elif not plan.is_only_suppressed:
        receipt.warnings += few_people(counts, api.least_members)
    return plan


def _shared(owner: AudienceReceipt, advertiser_id: str, *, is_there: bool) -> AudienceReceipt:
    """Return the line of an advertiser who has the audience by share, or is to have it."""
    nothing = dict.fromkeys(
        ("rows", "no_identity", "people", "dropped", "suppressed", "deletes", "suppressed_deletes", "unknown_deletes"),
        0,
    )
    counts = replace(
        owner.counts,
        **nothing,
        departures=0,
        held=0,
        known=owner.counts.known if is_there else 0,
        unchanged=0,
        adds=0 if is_there else owner.counts.members,
    )
    return AudienceReceipt(
        owner.model,
        owner.name,
        advertiser_id,
        owner.audience_id if is_there else None,
        counts,
        method=FILE,
        owner=owner.advertiser_id,
    )


def _refuse(plan: FilePlan, problem: Problem) -> None:
    """Leave an audience as it is; who would get it by share gets none that is not there.

    Nobody refuses to take out who is suppressed: they are still to be told.
    """
    plan.whole, plan.due_at = None, None
    counts = plan.receipt.counts
    plan.receipt.problem = problem
    plan.receipt.refused_adds, plan.receipt.refused_deletes = counts.adds, counts.deletes - counts.suppressed_deletes
    if plan.receipt.audience_id is None:
        for one in plan.shared:
            one.problem, one.refused_adds = problem, one.counts.adds


def _too_many_files(plan: FilePlan, api: FileAudienceApi) -> Problem:
    message = f"{plan.receipt.model} makes {plan.receipt.files:,} files: TikTok takes {api.most_files:,} at a time."
    return Problem("audience-too-large", message, plan.staged.view.view.file, fix="Divide the view into several.")
