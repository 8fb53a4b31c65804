"""Audiences that stop a run: what its page says, and each remedy walked to success."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.cli.run_page.scene import filling, names, states, walked
from tests.push.members import MEMBERS, AudienceServer, Club, people


def test_an_audience_that_is_not_editable_is_waited_for(tmp_path: Path, server: AudienceServer) -> None:
    """TikTok is still at work on it: list, wait, go on."""
    found = filling(tmp_path, server)
    busy = {"match": {"path": "segment/mapping/"}, "do": 40002, "message": "Audience is not editable", "times": None}
    server.script([busy])
    page = found.failed("audience-not-editable", "--deadline", "1")
    run = page["run"]["id"]

    assert (page["run"]["exit_code"], [one["rows"] for one in page["failures"]]) == (4, [None])
    assert ("deliver", MEMBERS, "failed") in states(page)
    assert names(page) == ["look-at-audience", "list-audiences", "adopt-audience", "reconcile-audience", "restart"]
    assert found.do("look-at-audience", run=run).code == 1
    listed = found.do("list-audiences", "--json", run=run)
    assert (listed.code, len(listed.json["audiences"])) == (0, 1)
    server.script([])
    receipt = walked(found, page)
    assert receipt["audiences"][0]["pending_adds"] == 0
    told = found.do("reconcile-audience", "--json", run=run)
    assert (told.code, told.json["command"]) == (0, "audience reconcile")


def test_an_audience_that_tiktok_refuses_to_change_is_about_the_audience(
    tmp_path: Path, server: AudienceServer
) -> None:
    """It was deleted: another one is named, and the run goes on with it."""
    found = filling(tmp_path, server)
    gone = {"match": {"path": "segment/mapping/"}, "do": 40002, "message": "The audience does not exist"}
    server.script([gone])
    page = found.failed("audience-not-editable")
    assert page["run"]["exit_code"] == 3
    # Some messages of a refusal hold its code, others do not.
    assert found("status", page["run"]["id"]).out.count("(code 40002)") == 1
    server.script([])
    walked(found, page)


def test_several_audiences_of_a_name_need_a_choice(
    tmp_path: Path, server: AudienceServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Without a terminal the command to type is shown; with one its id is asked for; then the run goes on."""
    found = filling(tmp_path, server)
    first, _ = server.make("Best customers"), server.make("Best customers")
    page = found.failed("audience-unclear")
    run = page["run"]["id"]

    assert names(page) == ["review-audience-name", "list-audiences", "adopt-audience", "restart"]
    named = found.do("review-audience-name", run=run)
    assert f"audience_name is Best customers, models/{MEMBERS}.sql" in named.out
    alone = found.do("adopt-audience", run=run)
    assert alone.code == 2
    typed = " ".join(alone.err.split())
    assert f"Give its id: pusher audience adopt {MEMBERS} --project-dir" in typed
    assert typed.endswith(" --audience-id ID")
    monkeypatch.setattr("pusher.cli.run_page._asks", lambda: True)
    monkeypatch.setattr("typer.prompt", lambda *_words, **_more: first)
    adopted = found.do("adopt-audience", run=run)
    assert (adopted.code, first in adopted.out) == (0, True)
    walked(found, page)


def test_an_audience_that_would_shrink_needs_a_word(tmp_path: Path, server: AudienceServer) -> None:
    """Whoever says that it is meant lets it shrink; the words of the run are repeated with it."""
    found = filling(tmp_path, server)
    assert found("push").code == 0
    assert isinstance(found.shop, Club)
    (found.shop.root / "pusher.yml").write_text("push:\n  audience_shrink: {share: 0.1, members: 1}\n")
    found.shop.join(people(range(3)))
    page = found.failed("audience-guarded", "--select", MEMBERS)
    run = page["run"]["id"]

    assert (page["run"]["exit_code"], names(page)) == (1, ["review-view", "rebuild", "allow-shrink", "restart"])
    assert page["run"]["words"] == ["--select", MEMBERS]
    assert found.do("allow-shrink", run=run).code == 2
    done = found.do("allow-shrink", "--yes", "--json", run=run)
    assert (done.code, done.json["audiences"][0]["deleted"]) == (0, 17)
