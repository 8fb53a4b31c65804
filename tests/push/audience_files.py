"""What tests of audiences of customer files share: a club that pushes files, and what came of it."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from pusher.project.outcomes import Patience
from pusher.push.world import PushReport
from tests.push.members import MEMBERS, AudienceServer, Club, digest, people
from tests.push.support import NOW

FILE = ", 'method': 'file'"
DAY = timedelta(days=1)
PATIENT = Patience(deadline_s=20.0)
"""Less than the first wait for an audience that TikTok works on."""


def line(report: PushReport, place: int = 0) -> dict[str, Any]:
    """Return what one audience came to, without its names and counts that are nought."""
    found = report.audiences[place].as_json()
    kept = (
        "members", "unchanged", "adds", "deletes", "added", "deleted", "suppressed", "pending_adds", "pending_deletes",
        "refused_adds", "refused_deletes", "files", "bytes",
    )  # fmt: skip
    problem = report.audiences[place].problem
    told = {"problem": problem.code} if problem else {}
    return {name: found[name] for name in kept if found[name]} | told | {"exit": report.exit_code}


def requests(server: AudienceServer, since: int = 0) -> list[str]:
    """Return path and code of the requests from one on."""
    return [f"{one['path'].rpartition('custom_audience/')[2]} {one['code']}" for one in server.requests()[since:]]


def push(club: Club, server: AudienceServer, after: timedelta = timedelta(), **choice: Any) -> PushReport:
    """Push a while after the beginning, by the clocks of both sides."""
    server.now = NOW + after
    return club.push(now=server.now, **{"patience": PATIENT, **choice})


def filled(club: Club, server: AudienceServer, count: int = 1_200) -> str:
    """Give an audience its first members, let TikTok work on them, and return its id."""
    club.join(people(range(count)))
    push(club, server)
    push(club, server, 3 * DAY)
    return str(server.audiences()[0]["audience_id"])


def forget(club: Club, server: AudienceServer, after: timedelta, number: int) -> tuple[int, list[Any]]:
    """Forget somebody; returns exit code, and what was due, done and left in each audience."""
    server.now = NOW + after
    pushing = club.project(server.now)._pushing()
    digests = [("EMAIL_SHA256", digest(f"email {number}"))]
    found = pushing.forget(digests, sends=True, wait_s=0.0, methods={MEMBERS: "file"})
    return found.exit_code, [(one.counts.deletes, one.deleted, one.pending_deletes) for one in found.audiences]
