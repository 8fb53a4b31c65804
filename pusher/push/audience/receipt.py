"""What became of one audience at one advertiser."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from pusher.errors import Problem
from pusher.ledger.comparison import MemberCounts

TERMS = ("unchanged", "added", "deleted", "pending_adds", "pending_deletes")


@dataclass(slots=True)
class AudienceReceipt:
    """One line of the matrix of views and advertisers; numbers of identifiers, but for those of rows.

    Attributes:
        model: The view.
        name: Name of the audience.
        advertiser_id: Who owns it.
        audience_id: TikTok's id, or None when there is none yet.
        counts: How the view and the audience differed.
        added: Identifiers that TikTok took in.
        deleted: Identifiers that TikTok took out.
        refused_deletes: Identifiers that were left in, because too many would have gone.
        refused_adds: Identifiers that were not added for the same reason.
        unknown_deleted: Identifiers that TikTok was told to take out to be sure.
        requests: Requests made.
        request_ids: TikTok's ticket ids.
        is_new: The audience was made by this run.
        method: `stream` or `file`.
        owner: Advertiser who shares it with this one, or None.
        files: Files that hold all members, when they are due to be sent.
        bytes: Their size.
        is_open: What TikTok made of the last files is not known, or it failed on them.
        is_held: TikTok did not say how the audience is, so that all but suppressed people wait.
        problem: Why something is still to be done, or None.
        is_halted: TikTok refused the token, a right or a setting, or it is not clear which audience is meant.
        warnings: What a person should know, in sentences.
    """

    model: str
    name: str
    advertiser_id: str
    audience_id: str | None
    counts: MemberCounts
    added: int = 0
    deleted: int = 0
    refused_deletes: int = 0
    refused_adds: int = 0
    unknown_deleted: int = 0
    requests: int = 0
    request_ids: list[str] = field(default_factory=list)
    is_new: bool = False
    method: str = "stream"
    owner: str | None = None
    files: int = 0
    bytes: int = 0
    is_open: bool = False
    is_held: bool = False
    problem: Problem | None = None
    is_halted: bool = False
    warnings: list[str] = field(default_factory=list)

    @property
    def pending_adds(self) -> int:
        """Identifiers that are still to be added."""
        return self.counts.adds - self.refused_adds - self.added

    @property
    def pending_deletes(self) -> int:
        """Identifiers that are still to be taken out."""
        return self.counts.deletes - self.refused_deletes - self.deleted

    @property
    def pending_unknown_deletes(self) -> int:
        """Identifiers that are still to be taken out to be sure."""
        return self.counts.unknown_deletes - self.unknown_deleted

    @property
    def is_pending(self) -> bool:
        """Whether somebody is still to be told of."""
        return bool(self.pending_adds or self.pending_deletes or self.pending_unknown_deletes)

    @property
    def takes_out(self) -> bool:
        """Whether somebody is to be taken out."""
        return bool(self.counts.deletes or self.counts.unknown_deletes)

    @property
    def has_told_suppressed(self) -> bool:
        """Whether nobody is left who has to be taken out for being suppressed."""
        return not (self.pending_deletes or self.pending_unknown_deletes or self.is_open)

    @property
    def is_settled(self) -> bool:
        """Whether the audience is as the view says, as far as it was allowed to be."""
        return self.has_told_suppressed and not self.pending_adds and not self.is_held

    def hold(self) -> None:
        """Count what was refused as still to be told: it only waits."""
        self.is_held = True
        self.refused_adds = self.refused_deletes = 0

    def go_on_from(self, before: AudienceReceipt) -> None:
        """Count what an earlier comparison of the same push found and did, where this one found what was left."""
        self.counts = replace(
            self.counts,
            adds=before.added + self.counts.adds,
            deletes=before.deleted + self.counts.deletes,
            unknown_deletes=before.unknown_deleted + self.counts.unknown_deletes,
            unchanged=before.counts.unchanged,
            known=before.counts.known,
        )
        for name in ("added", "deleted", "unknown_deleted", "requests", "request_ids", "is_new"):
            setattr(self, name, getattr(before, name))
        if before.is_held:
            self.hold()

    def as_json(self) -> dict[str, Any]:
        """Return the fields as the JSON output prints them."""
        return {
            "model": self.model,
            "name": self.name,
            "advertiser_id": self.advertiser_id,
            "audience_id": self.audience_id,
            "is_new": self.is_new,
            "method": self.method,
            "owner": self.owner,
            "files": self.files,
            "bytes": self.bytes,
            "view_rows": self.counts.rows,
            "no_identity": self.counts.no_identity,
            "people": self.counts.people,
            "dropped_identifiers": self.counts.dropped,
            "members": self.counts.members,
            "suppressed": self.counts.suppressed,
            "known": self.counts.known,
            "unchanged": self.counts.unchanged,
            "adds": self.counts.adds,
            "deletes": self.counts.deletes,
            "held": self.counts.held,
            "added": self.added,
            "deleted": self.deleted,
            "refused_adds": self.refused_adds,
            "refused_deletes": self.refused_deletes,
            "pending_adds": self.pending_adds,
            "pending_deletes": self.pending_deletes,
            "unknown_deletes": self.counts.unknown_deletes,
            "pending_unknown_deletes": self.pending_unknown_deletes,
            "is_open": self.is_open,
            "requests": self.requests,
            "request_ids": self.request_ids,
            "problem": None
            if self.problem is None
            else {"code": self.problem.code, "message": self.problem.message, "fix": self.problem.fix},
            "warnings": self.warnings,
        }


def exit_code(receipts: Sequence[AudienceReceipt], *, dry_run: bool) -> int:
    """Return the exit code that tells the truth; the highest-ranked of 3 > 4 > 1 wins."""
    if any(one.is_halted for one in receipts):
        return 3
    if not dry_run and any(not one.is_settled for one in receipts):
        return 4
    return 1 if any(one.refused_deletes or one.refused_adds or one.problem for one in receipts) else 0
