"""Gives TikTok all members of an audience as files: makes it of them, or replaces whoever is in it.

A replacement that is told twice does no harm by itself, but TikTok takes one a day. So its intent is committed before
it leaves, and one without an answer counts as arrived until the history of the audience, or a day, says otherwise.
Between two replacements it is told who leaves or who comes, when it takes that at once; after a lost answer to that,
too, all members are replaced.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from pusher.clock import Clock
from pusher.contracts import SeenAudience
from pusher.errors import Problem
from pusher.ledger.audiences import Audience, AudienceStore
from pusher.ledger.loads import CREATE, REMOVE, REPLACE, Load, LoadState, LoadStore
from pusher.ledger.rows import File
from pusher.ledger.state import StateFolder, publish
from pusher.ledger.store import Store
from pusher.ledger.uploads import WholeSet
from pusher.progress import Listener, Notice, Waiting
from pusher.push.audience.asking import Asking
from pusher.push.audience.binding import FILE, LOOK_AGAIN_S, Binder, NotBound, unfit
from pusher.push.audience.files_asking import FileAsking, FileMaking, busy, refused
from pusher.push.audience.files_plan import FilePlan
from pusher.push.audience.gone import excuse
from pusher.push.audience.lock_file import LOCK_FILE, LockFile

POLL_FIRST_S, POLL_MOST_S = 30.0, 300.0
_BREATH_S = 1.0


class Late(Exception):
    """Somebody was suppressed after the files were written; nothing of them counts."""


@dataclass(slots=True)
class FileDelivery:
    """Delivers audiences of files, one after the other.

    Args:
        store: The ledger.
        audiences: Its tables of audiences.
        loads: Its table of loads.
        asking: Asks TikTok.
        listing: Lists audiences.
        lock: The lock file, or None when audiences mean nothing outside this machine.
        clock: Wall and monotonic time.
        listener: Is told what is waited for.
        state: The state folder.
        run: Run id.
        waits: Wait while TikTok works on an audience, which may take longer than a run lasts.
    """

    store: Store
    audiences: AudienceStore
    loads: LoadStore
    asking: FileAsking
    listing: Asking
    lock: LockFile | None
    clock: Clock
    listener: Listener
    state: StateFolder
    run: str
    waits: bool = True

    def deliver(self, plan: FilePlan) -> None:
        """Do what a plan asks for, and fill in the line of the audience's owner.

        Raises:
            Late: The plan has to be made again.
            NotBound: It cannot be done, or not now.
        """
        view = plan.staged.view
        audience = plan.staged.audience or self.audiences.current(view.view.model, view.advertisers[0], view.name)
        if plan.whole is None and audience is None:
            return
        if audience is None:
            with self.store.transaction():
                audience = self.audiences.add(
                    model=view.view.model,
                    advertiser_id=view.advertisers[0],
                    name=view.name,
                    method=FILE,
                    now=self.clock.now(),
                )
        if audience.audience_id is not None:
            if plan.staged.audience is None:
                self._lock(audience)
            self._keep_up(plan, audience, self._seen(plan, audience))
        elif plan.whole is not None:
            self._make(plan, plan.whole, audience)

    def _seen(self, plan: FilePlan, audience: Audience) -> SeenAudience | None:
        """Return how an audience is when something is to be done about it or learnt of it."""
        latest = self.loads.latest(audience)
        is_open = latest is not None and latest.state is not LoadState.CONFIRMED
        if plan.whole is None and not (is_open or self._may_have_ended(plan, audience, latest)):
            return None
        seen = self.asking.look(audience.advertiser_id, audience.audience_id or "")
        if seen is None and plan.staged.audience is not None:
            self._forget_members(audience)
            excuse(plan.receipt, self.listener)
            return None
        if seen is None:
            message = f"Advertiser {audience.advertiser_id} has no audience {audience.audience_id} any more."
            fix = f"If it was deleted on purpose, remove it from {LOCK_FILE} and choose another audience_name."
            raise NotBound(Problem("audience-gone", message, fix=fix), is_halted=True)
        if plan.whole is None and plan.staged.audience is None and not seen.is_busy and self._has_ended(seen):
            raise NotBound(self._unusable(plan, audience, seen), is_halted=True)
        return seen

    def _may_have_ended(self, plan: FilePlan, audience: Audience, latest: Load | None) -> bool:
        """Say whether an audience that a view fills may have come to its end, as far as the ledger knows.

        One that this ledger did not make has whatever end it was made with.
        """
        if plan.staged.audience is not None:
            return False
        end = self.audiences.fixed_end(audience)
        if end is None and latest is not None and audience.retention_days is not None:
            end = latest.asked_at + self.listing.api.may_end_after
        return end is None or end <= self.clock.now()

    def _forget_members(self, audience: Audience) -> None:
        """Know nobody any more in an audience that no view fills and TikTok has not."""
        files = self.audiences.member_files(audience)
        with self.store.transaction():
            self.store.drop_files(files)
        for file in files:
            (self.state.root / file.path).unlink(missing_ok=True)

    # what came of the load before -----------------------------------------------------------------------------

    def _keep_up(self, plan: FilePlan, audience: Audience, seen: SeenAudience | None) -> None:
        if seen is None:
            return
        latest = self.loads.latest(audience)
        if latest is not None and latest.is_in_doubt and plan.whole is not None and _is_in(latest, seen):
            # Its members are those of the view when the set is the same; else only another load says who is in.
            if seen.error and not seen.is_busy:
                self._conclude(plan, latest, seen)
            elif latest.digest == plan.whole.digest:
                self._accept(plan, plan.whole, audience, latest)
                plan.receipt.files = plan.receipt.bytes = 0
                return
        elif latest is not None and latest.state is LoadState.ACCEPTED and not seen.is_busy:
            self._conclude(plan, latest, seen)
        is_part = plan.action != REPLACE
        if plan.whole is not None and plan.due_at is not None and (not is_part or seen.is_busy or not seen.is_valid):
            plan.receipt.files = plan.receipt.bytes = 0
            tell_due(plan, self.listener, before=is_part)
        elif plan.whole is not None:
            self._change(plan, plan.whole, audience, seen)
            if is_part and plan.due_at is not None and not plan.receipt.is_settled:
                tell_due(plan, self.listener, before=True)
        if plan.receipt.is_open:
            raise NotBound(_still_open(plan))

    def _conclude(self, plan: FilePlan, latest: Load, seen: SeenAudience) -> None:
        """Keep what came of a load that TikTok accepted, once it has worked on it."""
        state = LoadState.FAILED if seen.error else LoadState.CONFIRMED
        if state is LoadState.CONFIRMED and not seen.is_valid:
            return
        with self.store.transaction():
            self.loads.conclude(latest, state, now=self.clock.now())
        # A part was made for members whom the audience has not got.
        if state is LoadState.FAILED and (plan.whole is None or plan.action != REPLACE):
            counts = plan.receipt.counts
            plan.receipt.counts = replace(counts, unchanged=0, adds=counts.members)
            plan.holds(0)
            plan.receipt.files = plan.receipt.bytes = 0
            plan.receipt.is_open = plan.is_only_suppressed
            raise NotBound(self._failed(plan, seen), is_halted=latest.action == CREATE)

    def _failed(self, plan: FilePlan, seen: SeenAudience) -> Problem:
        message = (
            f"TikTok took the files of audience `{plan.receipt.name}` and failed on them: {seen.error.rstrip('.')}."
        )
        fix = (
            "Mostly too few people were matched. Widen the view; all members are given again by the next push after a "
            "day since the last replacement."
        )
        return Problem("audience-files-failed", message, fix=fix)

    # making ---------------------------------------------------------------------------------------------------

    def _make(self, plan: FilePlan, whole: WholeSet, audience: Audience) -> None:
        """Make an audience of the files; a lost answer is looked up by the audience's name."""
        making = FileMaking(
            self.listing,
            self.asking,
            plan.layout.type,
            whole,
            plan.staged.view.retention_d,
            check=lambda: self._check_suppressed(plan),
        )
        binder = Binder(
            store=self.store,
            audiences=self.audiences,
            asking=making,
            lock=self.lock,
            clock=self.clock,
            listener=self.listener,
            wait=self.clock.sleep,
            is_kept_whole=True,
            go_on=self.asking.go_on,
        )
        times = 0
        while True:
            try:
                bound, is_new = binder.bind(audience)
                break
            except NotBound:
                times += 1
                if not making.may_try_again(times):
                    raise
                audience = self.audiences.by_id(audience.id)
        plan.receipt.audience_id, plan.receipt.is_new = bound.audience_id, is_new
        if not is_new:
            # Made by a run whose answer was lost, of the members of that day.
            self._change(plan, whole, bound, self._seen(plan, bound))
            return
        with self.store.transaction():
            load = self._add(bound, plan, making.paths, action=CREATE, state=LoadState.ACCEPTED)
            self.audiences.made_with(bound, retention_days=plan.staged.view.retention_d or 0)
        self._accept(plan, whole, bound, load)

    # changing -------------------------------------------------------------------------------------------------

    def _change(self, plan: FilePlan, whole: WholeSet, audience: Audience, seen: SeenAudience | None) -> None:
        audience_id = audience.audience_id or ""
        self._wait_until_ready(plan, audience, seen)
        paths = self._upload(plan, whole, audience)
        waits_s = POLL_FIRST_S
        has_uploaded_again = False
        while True:
            with self.store.transaction():
                load = self._add(audience, plan, paths, action=plan.action, state=LoadState.SENDING)
            path, body = self.asking.api.change(
                advertiser_id=audience.advertiser_id, audience_id=audience_id, action=plan.action, files=paths
            )
            result, verdict = self.asking.change(path, body)
            del result
            if verdict.outcome == "accepted":
                self._accept(plan, whole, audience, load)
                return
            state = LoadState.UNKNOWN if verdict.outcome == "unknown" else LoadState.REFUSED
            with self.store.transaction():
                load = self.loads.conclude(load, state, now=self.clock.now(), verdict=verdict)
            if state is LoadState.UNKNOWN:
                self._look_for(plan, whole, audience, load)
                return
            if verdict.response_class == "DEFER":
                if plan.action != REPLACE:
                    if plan.due_at is None:
                        raise NotBound(busy(audience.name))
                    return
                waits_s = self._nap(audience, waits_s)
                self._check_suppressed(plan)
            elif self.asking.api.needs_upload(verdict) and not has_uploaded_again:
                has_uploaded_again = True
                paths = self._upload(plan, whole, audience)
            else:
                what = f"Advertiser {audience.advertiser_id} did not take the files of audience `{audience.name}`"
                raise refused(verdict, what)

    def _upload(self, plan: FilePlan, whole: WholeSet, audience: Audience) -> tuple[str, ...]:
        self._check_suppressed(plan)
        paths = self.asking.upload(audience.advertiser_id, plan.layout.type, whole)
        self._check_suppressed(plan)
        return paths

    def _check_suppressed(self, plan: FilePlan) -> None:
        if self.audiences.newest_suppressed() > plan.newest_suppressed:
            raise Late

    def _look_for(self, plan: FilePlan, whole: WholeSet, audience: Audience, load: Load) -> None:
        """Look whether a request without an answer was obeyed; while nothing says so, it may still be."""
        self.clock.sleep(LOOK_AGAIN_S)
        seen = self.asking.look(audience.advertiser_id, audience.audience_id or "")
        if seen is not None and _is_in(load, seen):
            self._accept(plan, whole, audience, load)
            return
        if load.action == REPLACE:
            plan.due_at = load.asked_at + self.asking.api.replace_again_after
            tell_due(plan, self.listener)

    # waiting --------------------------------------------------------------------------------------------------

    def _wait_until_ready(self, plan: FilePlan, audience: Audience, seen: SeenAudience | None) -> None:
        """Wait while TikTok works on an audience.

        Raises:
            NotBound: The deadline came first, or the audience cannot take these files.
        """
        waits_s = POLL_FIRST_S
        while seen is not None:
            self._refuse_unfit(plan, audience, seen)
            if seen.is_valid and not seen.is_busy:
                return
            if (seen.error or self._has_ended(seen)) and not seen.is_busy:
                raise NotBound(self._unusable(plan, audience, seen), is_halted=True)
            if plan.action != REPLACE:
                # Nobody waits for hours for the sake of people who are most probably not in it.
                raise NotBound(busy(audience.name))
            waits_s = self._nap(audience, waits_s, expires=seen.expires)
            seen = self.asking.look(audience.advertiser_id, audience.audience_id or "")

    def _has_ended(self, seen: SeenAudience) -> bool:
        return seen.ends_at is not None and seen.ends_at <= self.clock.now()

    def _nap(self, audience: Audience, seconds: float, expires: str = "") -> float:
        """Sleep, and return for how long the next time; raises NotBound when nobody waits, or no time is left."""
        until_s = self.clock.monotonic_s() + seconds
        if not self.waits or until_s >= self.asking.deadline_s:
            problem = busy(audience.name)
            if expires:
                problem = replace(problem, message=f"{problem.message} The audience itself ends at {expires}.")
            raise NotBound(problem)
        self.listener(Waiting(f"TikTok is still working on audience `{audience.name}`", seconds))
        while (left_s := until_s - self.clock.monotonic_s()) > 0:
            self.asking.go_on()
            self.clock.sleep(min(_BREATH_S, left_s))
        return min(2 * seconds, POLL_MOST_S)

    def _refuse_unfit(self, plan: FilePlan, audience: Audience, seen: SeenAudience) -> None:
        problem = unfit(seen, audience)
        if problem is None and seen.type and seen.type != plan.layout.type:
            message = (
                f"Audience {audience.audience_id} of advertiser {audience.advertiser_id} takes files of {seen.type}, "
                f"and the view makes {plan.layout.type}."
            )
            fix = f"Correct id_types, or: choose another audience_name for {audience.model}, so that another is made."
            problem = Problem("audience-type", message, fix=fix)
        if problem is not None:
            raise NotBound(problem, is_halted=True)

    def _unusable(self, plan: FilePlan, audience: Audience, seen: SeenAudience) -> Problem:
        why = seen.error.rstrip(".") or f"it ended at {seen.expires}"
        message = f"Audience `{audience.name}` takes no members any more: {why}."
        fix = f"Choose another audience_name for {audience.model}: TikTok changes only audiences that are valid."
        if plan.staged.audience is not None:
            message = f"{message} Suppressed people are in it still, and nobody can be taken out of it."
            fix = (
                f"If {audience.model} still fills it, choose another audience_name for it; then delete audience "
                f"{audience.audience_id} in TikTok."
            )
        return Problem("audience-not-valid", message, fix=fix)

    # keeping --------------------------------------------------------------------------------------------------

    def _add(
        self,
        audience: Audience,
        plan: FilePlan,
        paths: tuple[str, ...],
        *,
        action: str,
        state: LoadState,
    ) -> Load:
        assert plan.whole is not None  # noqa: S101 -- what it is about
        whole = plan.whole
        return self.loads.add(
            audience,
            run=self.run,
            action=action,
            members=whole.members.rows,
            file_type=plan.layout.type,
            digest=whole.digest,
            file_paths=paths,
            size=whole.bytes,
            state=state,
            now=self.clock.now(),
        )

    def _accept(self, plan: FilePlan, whole: WholeSet, audience: Audience, load: Load) -> None:
        """Keep that the members are now these, and no others."""
        final = self.state.members / f"{self.run}-{audience.id}-{load.id}.parquet"
        digest = publish(whole.members.path, final)
        file = File.at(
            final,
            self.state.root,
            kind="members",
            space=audience.space,
            model=audience.model,
            rows=whole.members.rows,
            sha256=digest,
        )
        before = self.audiences.member_files(audience)
        with self.store.transaction():
            self.loads.conclude(load, LoadState.ACCEPTED, now=self.clock.now())
            self.store.drop_files(before)
            self.store.add_file(file, run=self.run, now=self.clock.now())
        for old in before:
            (self.state.root / old.path).unlink(missing_ok=True)
        plan.took()

    def _lock(self, audience: Audience) -> None:
        if self.lock is not None and audience.audience_id is not None:
            told = self.lock.put(audience.model, audience.advertiser_id, audience.name, audience.audience_id)
            if told is not None:
                self.listener(Notice(told))


def _is_in(load: Load, seen: SeenAudience) -> bool:
    """Say whether the history of an audience names a file of a load."""
    return any(path in detail for detail in seen.changed_by for path in load.file_paths)


def _still_open(plan: FilePlan) -> Problem:
    """Return why a push that only takes suppressed people out has not ended well."""
    receipt = plan.receipt
    message = (
        f"Nobody knows whether all who are suppressed left audience `{receipt.name}` of advertiser "
        f"{receipt.advertiser_id}: TikTok failed on the last files, or gave no answer."
    )
    fix = "Run `pusher push` again: whoever may stay is given anew, a day after the last replacement at the soonest."
    return Problem("audience-open", message, fix=fix)


def tell_due(plan: FilePlan, listener: Listener, *, before: bool = False) -> None:
    """Tell when an audience may be replaced again.

    Args:
        plan: What is to be done about the audience.
        listener: Is told.
        before: Who leaves or comes may be told before that.
    """
    assert plan.due_at is not None  # noqa: S101 -- only asked then
    receipt = plan.receipt
    who = "leaves" if plan.action == REMOVE and not receipt.has_told_suppressed else "comes"
    sooner = f" Who {who} is told before that, once TikTok has worked on the last files." if before else ""
    listener(
        Notice(
            f"{receipt.model}: audience `{receipt.name}` of advertiser {receipt.advertiser_id} was replaced today "
            f"already, or may have been: next at {plan.due_at:%Y-%m-%d %H:%M} UTC.{sooner}"
        )
    )
