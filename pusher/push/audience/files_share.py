"""Lets further advertisers of a Business Center use an audience of files; each succeeds or fails alone."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from pusher.clock import Clock
from pusher.ledger.audiences import AudienceStore
from pusher.ledger.store import Store
from pusher.push.audience.binding import FILE
from pusher.push.audience.files_asking import FileAsking, busy, refused
from pusher.push.audience.files_plan import FilePlan
from pusher.push.audience.lock_file import LockFile
from pusher.push.audience.receipt import AudienceReceipt


@dataclass(slots=True)
class Sharing:
    """Shares audiences.

    Args:
        store: The ledger.
        audiences: Its tables of audiences.
        asking: Asks TikTok.
        lock: The lock file, or None when audiences mean nothing outside this machine.
        clock: Wall time.
    """

    store: Store
    audiences: AudienceStore
    asking: FileAsking
    lock: LockFile | None
    clock: Clock

    def share(self, plan: FilePlan) -> None:
        """Share an audience with those who do not have it, and fill in their lines."""
        due = [one for one in plan.shared if one.pending_adds]
        if plan.receipt.audience_id is None:
            for one in due:
                one.problem = one.problem or plan.receipt.problem
            return
        most = self.asking.api.most_shared
        for start in range(0, len(due), most):
            self._share(plan, due[start : start + most])

    def _share(self, plan: FilePlan, lines: Sequence[AudienceReceipt]) -> None:
        audience_id = plan.receipt.audience_id or ""
        path, body = self.asking.api.share(
            advertiser_id=lines[0].owner or "", audience_id=audience_id, others=[one.advertiser_id for one in lines]
        )
        before = self.asking.requests
        _, verdict = self.asking.repeatable(path, body)
        lines[0].requests += self.asking.requests - before
        if verdict.request_id:
            lines[0].request_ids.append(verdict.request_id)
        if verdict.outcome == "accepted":
            for one in lines:
                self._keep(one, audience_id)
                # What the owner's audience gets later, they have with it.
                one.counts = replace(one.counts, members=plan.held, adds=plan.held)
                one.added = plan.held
        elif verdict.response_class == "DEFER":
            for one in lines:
                message = f"Advertiser {one.advertiser_id} gets audience `{one.name}` once TikTok has worked on it."
                one.problem = replace(busy(one.name), message=message)
        elif len(lines) > 1 and verdict.outcome in {"rejected", "halt", "split"}:
            # One of them may be the reason, and the others are not to suffer from it.
            for one in lines:
                self._share(plan, [one])
        else:
            (*_, line) = lines
            for one in lines:
                error = refused(verdict, f"Audience `{line.name}` was not shared with advertiser {one.advertiser_id}")
                one.problem, one.is_halted = error.problem, error.is_halted

    def _keep(self, line: AudienceReceipt, audience_id: str) -> None:
        current = self.audiences.current(line.model, line.advertiser_id, line.name)
        with self.store.transaction():
            if current is None or current.audience_id != audience_id:
                self.audiences.add(
                    model=line.model,
                    advertiser_id=line.advertiser_id,
                    name=line.name,
                    audience_id=audience_id,
                    method=FILE,
                    now=self.clock.now(),
                )
        if self.lock is not None:
            self.lock.put(line.model, line.advertiser_id, line.name, audience_id)
        line.audience_id = audience_id
