"""`pusher audience list`, `adopt` and `reconcile`: what they print, and how they end."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest

from tests.cli.conftest import Ran, pusher
from tests.push.members import (
    ADVERTISER,
    MEMBERS,
    NAME,
    OTHER,
    AudienceServer,
    Club,
    emails,
    people,
)
from tests.push.support import NOW

ABSENT = "7200000000000000099"


def audience(club: Club, command: str, *words: str) -> Ran:
    """Run one of the commands on a project."""
    return pusher("audience", command, *words, "--project-dir", str(club.root))


def joined(folder: Path, server: AudienceServer, count: int = 5, **settings: Any) -> Club:
    """Return a project whose view names some people."""
    club = Club(folder / "club", server.base_url, **settings)
    club.join(people(range(count)))
    return club


def test_audiences_are_listed_below_their_advertisers(tmp_path: Path, server: AudienceServer) -> None:
    """One that is not made yet, one that a view fills, one of nobody here, and one that is gone."""
    foreign = server.make("Somebody else's")
    club = joined(tmp_path, server)
    before = audience(club, "list").out
    club.push()
    (mine,) = (one["audience_id"] for one in server.audiences() if one["name"] == NAME)
    filled = audience(club, "list").out
    server.delete(mine)
    gone = audience(club, "list")

    def plain(text: str) -> str:
        return re.sub(r"ends [\d: -]+", "ends then", text)

    others = f"  {foreign}  Somebody else's\n      Partner, 0 matched, ends then, filled by no view here\n"
    head = f"advertiser {ADVERTISER}\n"
    assert plain(before) == f"{head}  not made yet         {NAME}\n      filled by {MEMBERS}\n{others}"
    assert plain(filled) == (
        f"{head}  {mine}  {NAME}\n      Partner, 0 matched, ends then, filled by {MEMBERS}\n{others}"
    )
    assert plain(gone.out) == (
        f"{head}  {mine}  {NAME}\n      TikTok does not list it any more, filled by {MEMBERS}\n{others}"
    )
    assert (gone.code, gone.err) == (0, "")


def test_an_audience_names_its_view_also_when_that_is_not_selected(tmp_path: Path, server: AudienceServer) -> None:
    """Whoever lists the audiences of one view is not told that another view's audience is nobody's."""
    club = joined(tmp_path, server)
    models = club.root / "models"
    twin = (models / f"{MEMBERS}.sql").read_text().replace(NAME, "Twins")
    (models / "tiktok_audience_twins.sql").write_text(twin)
    club.build()
    club.push()

    listed = audience(club, "list", "--select", MEMBERS, "--json").json["audiences"]

    assert [(one["name"], one["model"]) for one in listed] == [(NAME, MEMBERS), ("Twins", "tiktok_audience_twins")]


def test_the_list_is_one_json_object(tmp_path: Path, server: AudienceServer) -> None:
    """Every field of docs/reference/formats.md, null where TikTok has not said it."""
    listed = audience(joined(tmp_path, server), "list", "--json").json
    (one,) = listed["audiences"]

    assert (listed["schema_version"], listed["command"], listed["exit_code"], listed["errors"]) == (
        1, "audience list", 0, [],
    )  # fmt: skip
    assert one == {
        "advertiser_id": ADVERTISER,
        "audience_id": None,
        "name": NAME,
        "model": MEMBERS,
        "kind": "",
        "size": None,
        "is_valid": None,
        "expires": "",
        "is_listed": False,
    }


def test_an_audience_that_was_adopted_is_filled_by_the_next_push(tmp_path: Path, server: AudienceServer) -> None:
    """The command says what it means for those who are in it."""
    wanted = server.make("Made by hand")
    club = joined(tmp_path, server)
    adopted = audience(club, "adopt", MEMBERS, "--audience-id", wanted)
    club.push()

    told = f"{MEMBERS} fills audience {wanted} of advertiser {ADVERTISER} from now on."
    files = "with `method: file` the next push replaces everybody."
    assert " ".join(adopted.out.split()) == f"{told} Whoever somebody else put there stays, in the view or not; {files}"
    assert adopted.code == 0
    assert server.members(wanted) == emails(range(5))


@pytest.mark.parametrize(
    ("words", "message"),
    [
        ((), f"{MEMBERS} has several advertisers."),
        (("--advertiser-id", "7654321098765432199"), f"7654321098765432199 is no advertiser of {MEMBERS}."),
        (("--advertiser-id", OTHER), f"Advertiser {OTHER} has no audience {ABSENT}."),
    ],
)
def test_an_audience_is_adopted_at_one_advertiser_that_has_it(
    tmp_path: Path, server: AudienceServer, words: tuple[str, ...], message: str
) -> None:
    """What is not clear or not there ends with exit code 2, and nothing is bound."""
    club = joined(tmp_path, server, advertiser_ids=[ADVERTISER, OTHER])
    done = audience(club, "adopt", MEMBERS, "--audience-id", ABSENT, *words, "--json")

    assert (done.code, [one["message"] for one in done.json["errors"]]) == (2, [message])
    assert not (club.root / "audiences.lock.yml").exists()


def test_reconcile_tells_again_who_is_in_and_who_was_taken_out(tmp_path: Path, server: AudienceServer) -> None:
    """Somebody emptied the audience and put a former member back; a dry run counts and sends nothing."""
    club = joined(tmp_path, server)
    club.push()
    club.join(people(range(4)))
    club.push()
    (mine,) = (one["audience_id"] for one in server.audiences())
    server.change(mine, "delete", [email for email, _ in people(range(4))])
    server.change(mine, "add", [people(range(5))[4][0]])
    requests = len(server.requests())
    dry = audience(club, "reconcile", "--dry-run", "--clock", NOW.isoformat(), "--json")
    asked = len(server.requests()) - requests
    told = audience(club, "reconcile", "--clock", NOW.isoformat(), "--json")

    counts = [
        {name: one["audiences"][0][name] for name in ("adds", "deletes", "added", "deleted")}
        for one in (dry.json, told.json)
    ]
    assert counts == [
        {"adds": 4, "deletes": 1, "added": 0, "deleted": 0},
        {"adds": 4, "deletes": 1, "added": 4, "deleted": 1},
    ]
    assert (dry.code, asked, told.code, told.json["command"]) == (0, 0, 0, "audience reconcile")
    assert server.members(mine) == emails(range(4))


def test_reconcile_prints_a_receipt(tmp_path: Path, server: AudienceServer) -> None:
    """The same lines as those of a push."""
    club = joined(tmp_path, server)
    club.push()
    told = audience(club, "reconcile", "--clock", NOW.isoformat())

    lines = [line.split() for line in told.out.splitlines()]
    assert told.code == 0
    assert ["added", "5"] in lines
    assert ["taken", "out", "0"] in lines


def test_a_push_that_needs_a_person_does_not_say_run_again(tmp_path: Path, server: AudienceServer) -> None:
    """Two audiences have the name: exit code 3, both ids, and a command that heals it as it is printed."""
    club = joined(tmp_path, server)
    twins = [server.make(NAME), server.make(NAME)]
    told = pusher("push", "--project-dir", str(club.root), "--clock", NOW.isoformat())
    chosen = ("--advertiser-id", ADVERTISER, "--audience-id", twins[1])
    healing = [audience(club, "adopt", MEMBERS, *chosen), audience(club, "reconcile", "--clock", NOW.isoformat())]

    assert told.code == 3
    assert [line.split() for line in told.out.splitlines() if "to be told" in line] == [
        ["still", "to", "be", "told", "5"]
    ]
    assert f"has 2 audiences named `{NAME}`: {', '.join(twins)}." in " ".join(told.err.split())
    assert "`pusher audience adopt" in told.err
    assert [one.code for one in healing] == [0, 0]
    assert server.members(twins[1]) == emails(range(5))


def test_one_is_told_in_the_singular(tmp_path: Path, server: AudienceServer) -> None:
    """In the lines of progress and in what is wrong or odd."""
    club = joined(tmp_path, server, 1)
    told = pusher("push", "--project-dir", str(club.root), "--clock", NOW.isoformat())
    club.join([])
    held_back = pusher("push", "--project-dir", str(club.root), "--clock", NOW.isoformat())

    assert f"compared {MEMBERS}: 1 identifier, 1 change, in " in told.err
    assert "? The view names 1 person at most:" in told.out
    assert f"its audience at advertiser {ADVERTISER} has 1 identifier." in " ".join(held_back.err.split())


def test_a_dry_run_of_a_view_that_lost_its_people_promises_to_take_nobody_out(
    tmp_path: Path, server: AudienceServer
) -> None:
    """Who stays because too many would go is counted once, as in the push."""
    club = joined(tmp_path, server)
    club.push()
    club.join([])
    shown = [pusher("push", *words, "--project-dir", str(club.root)).out for words in (["--dry-run"], [])]

    pairs = (re.findall(r"^    +(.+?)  +(\d+)$", text, re.MULTILINE) for text in shown)
    assert [dict(found) for found in pairs] == [
        {"already in": "0", "would be added": "0", "would be taken out": "0", "not taken out: too many would go": "5"},
        {"already in": "0", "added": "0", "taken out": "0", "not taken out: too many would go": "5"},
    ]
