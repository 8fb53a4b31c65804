"""Audiences and what TikTok answers: nothing, too late, not now, or that an audience is gone."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from pusher.errors import ConfigError
from pusher.project.outcomes import Patience, PushChoice
from pusher.push.audience.run import AudiencePush
from tests.push.audiences import LATER, line
from tests.push.members import (
    ADVERTISER,
    EMAILS,
    MEMBERS,
    NAME,
    OTHER,
    Club,
    SkippingClock,
    emails,
    people,
    serving_audiences,
)
from tests.push.support import NOW


def test_each_advertiser_succeeds_or_fails_alone(tmp_path: Path) -> None:
    """Case C18: one of two is not ours; the other gets its audience, and the receipt has a line for both."""
    with serving_audiences(tmp_path, advertisers=[OTHER]) as server:
        club = Club(tmp_path / "club", server.base_url, advertiser_ids=[ADVERTISER, OTHER])
        club.join(people(range(1_200)))
        report = club.push()
        (audience,) = server.audiences()
        members = server.members(audience["audience_id"])

    refused, taken = report.audiences
    assert refused.problem is not None
    assert (refused.advertiser_id, refused.problem.code, refused.pending_adds) == (ADVERTISER, "tiktok-config", 1_200)
    assert refused.problem.message.startswith(f"The audiences of advertiser {ADVERTISER} cannot be listed (code 40001)")
    assert (taken.advertiser_id, taken.added, taken.problem) == (OTHER, 1_200, None)
    assert (report.exit_code, members) == (3, emails(range(1_200)))


def test_55_a_request_without_an_answer_is_told_again_the_way_the_view_wants_by_then(tmp_path: Path) -> None:
    """Fault 55: TikTok took the people and the answer was lost; then they left the view.

    Defect B8 of peers: what no answer says is not taken for done.
    """
    faults = [{"match": {"path": "segment/mapping/"}, "do": "drop_after_accept", "times": None}]
    with serving_audiences(tmp_path, faults) as server:
        club = Club(tmp_path / "club", server.base_url)
        club.join(people(range(5)))
        doubtful = club.push()
        inside = server.members(server.audiences()[0]["audience_id"])
    with serving_audiences(tmp_path) as server:
        club.profile(server.base_url, advertiser_ids=[ADVERTISER])
        club.serve_another(server.base_url)
        club.join(people(range(3)))
        report = club.push(now=LATER)
        members = server.members(server.audiences()[0]["audience_id"])

    assert (doubtful.exit_code, inside) == (4, emails(range(5)))
    assert line(report) == {
        "members": 3, "adds": 3, "deletes": 2, "added": 3, "deleted": 2, "requests": 3, "exit": 0,
    }  # fmt: skip
    assert members == emails(range(3))


def test_halves_of_a_request_that_may_have_been_obeyed_are_in_doubt_too(tmp_path: Path) -> None:
    """An answer was lost, then the whole was too large: whoever is in a half that was not sent may be inside."""
    path = {"path": "segment/mapping/"}
    lost, large = {"match": path, "do": "drop_after_accept"}, {"match": {**path, "nth": 2}, "do": 413}
    with serving_audiences(tmp_path, [lost, large]) as server:
        club = Club(tmp_path / "club", server.base_url)
        club.join(people(range(5)))
        stopped = club.push(should_stop=_after(server, 5))
        chunks = club.ledger("select first_row, rows, state, at_risk, last_risk_at from audience_chunk order by id")
        summary = club.project().ledger.summary()
        club.join(people(range(3)))
        report = club.push(now=LATER)
        members = server.members(server.audiences()[0]["audience_id"])

    moment = NOW.isoformat(timespec="microseconds")
    assert stopped.exit_code == 4
    assert chunks == [(0, 5, "split", 1, moment), (0, 2, "unknown", 1, moment), (2, 3, "unknown", 1, moment)]
    assert summary is not None
    assert [(one["inside"], one["maybe"]) for one in summary.audiences] == [(0, 5)]
    assert (line(report)["deletes"], line(report)["adds"], members) == (2, 3, emails(range(3)))


def test_56_a_late_request_cannot_undo_a_newer_one(tmp_path: Path) -> None:
    """Fault 56: an add lands 90 seconds after it left, and the person left the view meanwhile."""
    late = {"match": {"path": "segment/mapping/", "contains": ['"action":"add"']}, "do": "late", "delay_s": 90}
    with serving_audiences(tmp_path, [late]) as server:
        club = Club(tmp_path / "club", server.base_url)
        club.join(people(range(5)))
        stopped = club.push(should_stop=_after(server, 4))
        club.join(people(range(4)))
        server.now = NOW + timedelta(seconds=10)
        early = club.push(now=server.now, patience=Patience(deadline_s=20.0))
        server.now = NOW + timedelta(seconds=130)
        report = club.push(now=server.now)
        members = server.members(server.audiences()[0]["audience_id"])

    assert stopped.exit_code == 4
    assert (line(early)["held"], early.exit_code) == (1, 4)
    assert (report.exit_code, members) == (0, emails(range(4)))


def _after(server: Any, requests: int) -> Any:
    """Return what becomes true once the server has seen some requests."""
    return lambda: len(server.requests()) >= requests


def test_60_a_busy_audience_is_waited_for(tmp_path: Path) -> None:
    """Fault 60: TikTok says three times that it is being processed; nothing is cut in two and nobody is lost."""
    busy = {
        "match": {"path": "segment/mapping/"}, "do": 40002, "message": "Audience is not editable", "times": 3,
    }  # fmt: skip
    with serving_audiences(tmp_path, [busy]) as server:
        club = Club(tmp_path / "club", server.base_url)
        club.join(people(range(5)))
        project, clock = club.project(), SkippingClock()
        project.clock = clock
        report = project.push()
        requests = [(one["path"].rpartition("v1.3/")[2], one["code"]) for one in server.requests()]

    assert line(report) == {"members": 5, "adds": 5, "added": 5, "requests": 7, "exit": 0}
    assert clock.skipped_s > 3 * 290
    assert requests[-4:] == [*[("segment/mapping/", 40002)] * 3, ("segment/mapping/", 0)]


def test_a_refused_token_stops_everything(tmp_path: Path) -> None:
    """No other advertiser would answer otherwise."""
    faults = [{"match": {"path": "segment/mapping/", "nth": 2}, "do": 40105, "times": None}]
    with serving_audiences(tmp_path, faults) as server:
        club = Club(tmp_path / "club", server.base_url, advertiser_ids=[ADVERTISER, OTHER], concurrency=1)
        club.join(people(range(1_500)))
        report = club.push()

    assert report.exit_code == 3
    assert sorted(one.added for one in report.audiences) == [0, 1_000]
    assert {one.problem.code for one in report.audiences if one.problem} == {"tiktok-auth"}


def test_nobody_is_sent_to_an_audience_that_has_ended(tmp_path: Path) -> None:
    """Nobody was added for a year: it is looked for first, whether its members changed or not, and not adopted anew."""
    year = timedelta(days=365)
    with serving_audiences(tmp_path) as server:
        club = Club(tmp_path / "club", server.base_url)
        club.join(people(range(5)))
        club.push()
        (audience,) = server.audiences()
        server.now = NOW + year - timedelta(days=60)
        dry, near = (club.push(now=server.now, dry_run=dry_run) for dry_run in (True, False))
        server.now = NOW + year
        same = club.push(now=server.now)
        club.join(people(range(6)))
        report = club.push(now=server.now)
        members = server.members(audience["audience_id"])
        with pytest.raises(ConfigError) as adopting:
            club.project(server.now).audiences.adopt(MEMBERS, audience["audience_id"])
        club.view(EMAILS, name="Better customers")
        club.build()
        anew = club.push(now=server.now)

    told = ("audience-not-valid", f"Audience `{NAME}` takes no members any more: it ended at 2027-11-20 12:00:00.")
    unasked = "A push asks first whether this audience has ended: nobody was added to it for long, "
    unasked += "as far as this ledger knows."
    assert dry.audiences[0].warnings[1:] == [f"A dry run asks TikTok nothing. {unasked}"]
    assert line(near) == {"members": 5, "unchanged": 5, "requests": 1, "exit": 0}
    assert line(same) == {"members": 5, "unchanged": 5, "requests": 1, "exit": 3}
    assert line(report) == {"members": 6, "unchanged": 5, "adds": 1, "refused_adds": 1, "requests": 1, "exit": 3}
    assert [[(one.code, one.message) for one in pushed.problems] for pushed in (same, report)] == [[told], [told]]
    assert [(one.code, one.message) for one in adopting.value.problems] == [told]
    assert (members, anew.exit_code, anew.audiences[0].added) == (emails(range(5)), 0, 6)


def test_who_is_suppressed_leaves_an_audience_that_has_ended(tmp_path: Path) -> None:
    """Nobody comes, and whoever left the view stays, until TikTok says that the audience lives again."""
    year = timedelta(days=365)
    with serving_audiences(tmp_path) as server:
        club = Club(tmp_path / "club", server.base_url)
        club.join(people(range(5)))
        club.push()
        (audience,) = server.audiences()
        server.now = NOW + year
        club.join(people(range(1, 6)))
        club.suppress("email 2")
        report = club.push(now=server.now)
        members = server.members(audience["audience_id"])

    assert line(report) == {
        "members": 4, "unchanged": 3, "adds": 1, "deletes": 2, "deleted": 1, "suppressed": 1, "refused_adds": 1,
        "refused_deletes": 1, "requests": 2, "exit": 3,
    }  # fmt: skip
    assert [one.code for one in report.problems] == ["audience-not-valid"]
    assert members == emails(range(5)) - emails(range(2, 3))


@pytest.mark.parametrize(("answer", "code"), [(503, "no-answer"), (40002, "tiktok-defer"), (40009, "tiktok-config")])
def test_that_an_audience_has_ended_is_told_beside_what_tiktok_answered(tmp_path: Path, answer: int, code: str) -> None:
    """It did not even let go of somebody who is suppressed: running again is not enough, whatever the answer says."""
    path = {"path": "segment/mapping/", "contains": ['"action":"delete"']}
    with serving_audiences(
        tmp_path, [{"match": path, "do": answer, "message": "Audience is not editable", "times": None}]
    ) as server:
        club = Club(tmp_path / "club", server.base_url)
        club.join(people(range(5)))
        club.push()
        server.now = NOW + timedelta(days=365)
        club.suppress("email 2")
        project = club.project(server.now)
        project.clock = SkippingClock(server.now)
        report = project.push(choice=PushChoice(patience=Patience(deadline_s=86_400.0)))

    (one,) = report.audiences
    assert one.problem is not None
    assert (report.exit_code, one.problem.code, one.pending_deletes) == (3, code, 1)
    told = f"Audience `{NAME}` takes no members any more: it ended at 2027-11-20 12:00:00."
    fix = f"Choose another audience_name for {MEMBERS}, so that another is made: no ad uses one that has ended."
    assert [text for text in one.warnings if "ended" in text] == [f"{told} {fix}"]


def test_an_audience_that_has_ended_is_told_also_when_somebody_is_suppressed_meanwhile(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """They leave it with another round of the push, which ends as the first one would have."""
    with serving_audiences(tmp_path) as server:
        club = Club(tmp_path / "club", server.base_url)
        club.join(people(range(5)))
        club.push()
        (audience,) = server.audiences()
        server.now = NOW + timedelta(days=365)
        club.join(people(range(1, 6)))
        deliver_once, rounds = AudiencePush._deliver_once, []

        def deliver(self: AudiencePush, *rest: Any) -> None:
            deliver_once(self, *rest)
            rounds.append(self)
            if len(rounds) == 1:
                club.suppress("email 2")

        monkeypatch.setattr(AudiencePush, "_deliver_once", deliver)
        report = club.push(now=server.now)
        members = server.members(audience["audience_id"])

    assert len(rounds) == 2
    assert (report.exit_code, [one.code for one in report.problems]) == (3, ["audience-not-valid"])
    assert members == emails(range(5)) - emails(range(2, 3))


def test_an_audience_that_is_gone_is_told_for_its_advertiser_alone(tmp_path: Path) -> None:
    """Somebody deleted it: the other advertiser's is filled, and the problem names what to do."""
    with serving_audiences(tmp_path) as server:
        club = Club(tmp_path / "club", server.base_url, advertiser_ids=[ADVERTISER, OTHER])
        club.join(people(range(5)))
        club.push()
        mine, other = (one["audience_id"] for one in server.audiences())
        server.delete(mine)
        club.join(people(range(6)))
        report = club.push()
        members = server.members(other)

    gone, filled = report.audiences
    assert gone.problem is not None
    assert (gone.problem.code, gone.pending_adds, filled.added, report.exit_code) == ("tiktok-data", 1, 1, 3)
    assert "pusher audience list" in (gone.problem.fix or "")
    assert members == emails(range(6))
