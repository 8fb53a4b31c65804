"""A list of suppressed people that lost too many lets nobody back in, and blocks no suppression."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from pusher.errors import ConfigError
from pusher.project.outcomes import Patience
from pusher.push.world import PushReport
from tests.push.audience_files import DAY, FILE, filled
from tests.push.audience_files import push as push_files
from tests.push.members import ADVERTISER, BOTH, EMAILS, OTHER, Club, digest, people, serving_audiences, stored
from tests.push.opted_out import LIST, opt_out
from tests.push.support import Order, Shop, orders, serving

HELD_BACK = (
    " at the last push: whoever is missing would be let back in, so nobody is added to an audience and no event is "
    "sent."
)
FIX = "Look at what the list is made of. If it is meant, run `pusher push --allow-suppressions-shrink`."


def told(report: PushReport) -> list[tuple[str, str | None]]:
    """Return code and message of what a push says is wrong."""
    return [(one.code, one.message) for one in report.problems]


def shrunk(what: str) -> list[tuple[str, str]]:
    """Return what is said about a list that lost digests."""
    return [("suppressions-shrink", what + HELD_BACK)]


def numbers(report: PushReport) -> list[dict[str, int]]:
    """Return what is due and done in each audience, without what is nought."""
    names = ("adds", "deletes", "added", "deleted", "refused_adds", "refused_deletes", "unknown_deletes")
    return [{name: one.as_json()[name] for name in names if one.as_json()[name]} for one in report.audiences]


def list_of(club: Shop, *names: str, kind: str = "email") -> None:
    """Give a project a list of that many people."""
    opt_out(club, *(digest(f"{kind} {name}") for name in names), sql=LIST.replace("as email", f"as {kind}"))


def test_an_emptied_list_lets_nobody_back_in(tmp_path: Path) -> None:
    """Nobody is added, no event is sent, once for all audiences; forgotten people leave all the same."""
    with serving_audiences(tmp_path) as server:
        club = Club(tmp_path / "club", server.base_url, advertiser_ids=[ADVERTISER, OTHER])
        club.join(people(range(6)))
        list_of(club, "1", "2")
        first = club.push()
        list_of(club)
        club.suppress("email 3")
        club.join(people(range(8)))
        held = club.push()
        again = club.push(dry_run=True)
        members = server.members(server.audiences()[0]["audience_id"])
        allowed = club.push(allow_list_shrink=True)
        after = club.push()
        back = server.members(server.audiences()[0]["audience_id"])

    assert first.exit_code == 0
    assert told(held) == shrunk("gone_people lists 0 instead of 2 digests of email")
    assert held.problems[0].fix == FIX
    assert (held.exit_code, numbers(held)) == (1, [{"adds": 4, "deletes": 1, "deleted": 1, "refused_adds": 4}] * 2)
    assert members == {stored("EMAIL_SHA256", digest(f"email {one}")) for one in (0, 4, 5)}
    assert (again.exit_code, told(again), numbers(again)) == (1, told(held), [{"adds": 4, "refused_adds": 4}] * 2)
    assert (allowed.exit_code, numbers(allowed)) == (0, [{"adds": 4, "added": 4}] * 2)
    assert allowed.notices == ("gone_people lists nobody, so consent.suppressions keeps nobody out.",)
    assert (after.exit_code, numbers(after)) == (0, [{}] * 2)
    assert back == {stored("EMAIL_SHA256", digest(f"email {one}")) for one in (0, 1, 2, 4, 5, 6, 7)}


@pytest.mark.parametrize(
    ("before", "now", "is_held"),
    [(40, 29, False), (30, 20, False), (30, 19, True), (1, 0, True), (5, 50, False)],
)
def test_a_list_may_lose_ten_or_three_in_ten(tmp_path: Path, before: int, now: int, is_held: bool) -> None:  # noqa: FBT001 -- a table
    """More than both is too many, and so is everybody."""
    shop = Shop(tmp_path / "shop")
    shop.sell(orders(1))
    list_of(shop, *map(str, range(before)))
    shop.push()
    list_of(shop, *map(str, range(now)))
    report = shop.push()

    digests = "digest" if before == 1 else "digests"
    expected = shrunk(f"gone_people lists {now} instead of {before} {digests} of email") if is_held else []
    assert (told(report), report.exit_code) == (expected, int(is_held))


def test_the_list_is_compared_with_the_last_that_was_gone_by(tmp_path: Path) -> None:
    """A push that is held back, or only tried, does not make the smaller list the measure of the next."""
    shop = Shop(tmp_path / "shop")
    shop.sell(orders(1))
    list_of(shop, *map(str, range(30)))
    shop.push()
    list_of(shop, "1")
    codes = [shop.push(**choice).exit_code for choice in ({}, {"dry_run": True}, {"dry_run": True, **ALLOWED}, {})]
    list_of(shop, *map(str, range(29)))

    assert codes == [1, 1, 0, 1]
    assert shop.push().exit_code == 0
    assert shop.ledger("select kind, model, digests from suppression_list") == [("EMAIL_SHA256", "gone_people", 29)]


ALLOWED: dict[str, Any] = {"allow_list_shrink": True}


def test_events_wait_for_the_list(tmp_path: Path) -> None:
    """Neither rows of the view nor rows that an earlier push froze are sent; with the list as it was, all are."""
    with serving(tmp_path / "sandbox.sqlite") as server:
        shop = Shop(tmp_path / "shop", server.base_url)
        rows = orders(4)
        shop.sell(rows[:2])
        opt_out(shop, rows[1].digest)
        shop.push(patience=Patience(deadline_s=0.0))
        shop.sell([*rows, Order("of-one-who-left", digest=rows[1].digest)])
        opt_out(shop)
        held = shop.push()
        sent = server.counted()
        opt_out(shop, rows[1].digest)
        after = shop.push()
        counted = server.counted()
    kept = shop.ledger(f"select error_class, code, model from run_problem where run = '{held.run_id}'")

    assert (told(held), held.exit_code, held.models, sent) == (
        shrunk("gone_people lists 0 instead of 1 digest of email"), 1, [], [],
    )  # fmt: skip
    assert after.exit_code == 0
    assert counted == ["order-00000", "order-00002", "order-00003"]
    assert kept == [("suppressions-guarded", "suppressions-shrink", None)]


def test_a_kind_that_is_missing_is_missed(tmp_path: Path) -> None:
    """A column that is gone, or has another name, keeps out nobody who is known by it alone."""
    shop = Shop(tmp_path / "shop")
    shop.sell(orders(1))
    both = "select sha256(digest) as phone, digest as email from {{ source('gone', 'people') }}"
    opt_out(shop, digest("one"), digest("two"), sql=both)
    shop.push()
    opt_out(shop, *(digest(f"email {one}") for one in range(9)))
    report = shop.push()

    assert told(report) == shrunk("gone_people lists 0 instead of 2 digests of phone")


def test_a_list_that_is_named_no_more_is_missed(tmp_path: Path) -> None:
    """Its name may have been lost in a merge; once it is said that it is meant, nobody asks again."""
    shop = Shop(tmp_path / "shop")
    shop.sell(orders(1))
    list_of(shop, "1", "2")
    shop.push()
    (shop.root / "pusher.yml").write_text("version: 1\n")
    held = shop.push()
    allowed = [shop.push(**ALLOWED).exit_code, shop.push().exit_code]

    assert told(held) == shrunk("pusher.yml names no consent.suppressions any more, and gone_people had 2 digests")
    assert held.problems[0].fix == FIX.replace("Look at what the list is made of", "Name the list in pusher.yml again")
    assert (held.problems[0].file, allowed) == ("pusher.yml", [0, 0])


def test_a_list_of_another_name_is_compared_too(tmp_path: Path) -> None:
    """Another model that names as many is gone by, with a notice; one that names fewer is held back."""
    shop = Shop(tmp_path / "shop")
    shop.sell(orders(1))
    list_of(shop, "1", "2")
    shop.push()
    (shop.root / "models" / "others.sql").write_text("select email from {{ ref('gone_people') }}")
    (shop.root / "pusher.yml").write_text("consent: {suppressions: others}\n")
    shop.build()
    same = shop.push()
    (shop.root / "models" / "others.sql").write_text("select email from {{ ref('gone_people') }} where false")
    shop.build()

    assert same.notices == ("consent.suppressions names others; at the last push it named gone_people.",)
    assert told(shop.push()) == shrunk("others lists 0 instead of 2 digests of email")


def test_an_audience_of_files_is_held_back_too(tmp_path: Path) -> None:
    """Whoever is suppressed leaves, and nobody comes."""
    with serving_audiences(tmp_path) as server:
        club = Club(tmp_path / "club", server.base_url, more=FILE)
        club.join(people(range(1_200)))
        list_of(club, "7")
        audience = filled(club, server, 1_200)
        list_of(club)
        club.suppress("email 8")
        held = push_files(club, server, 5 * DAY)
        push_files(club, server, 8 * DAY)
        members = server.members(audience)

    assert numbers(held) == [{"adds": 1, "deletes": 1, "deleted": 1, "refused_adds": 1}]
    assert members == {stored("EMAIL_SHA256", digest(f"email {one}")) for one in range(1_200) if one not in {7, 8}}


def test_a_view_that_is_filled_first_while_the_list_is_held_back_makes_no_audience(tmp_path: Path) -> None:
    """Nothing is asked of TikTok for it."""
    with serving_audiences(tmp_path) as server:
        club = Club(tmp_path / "club", server.base_url, BOTH)
        club.join(people(range(3)))
        list_of(club, "1")
        # The list is known by a push of a view that names nobody.
        club.view(f"{EMAILS} where false")
        club.build()
        club.push()
        club.view(BOTH)
        list_of(club)
        held = club.push()
        audiences = server.audiences()

    assert (held.exit_code, numbers(held), audiences) == (1, [{"adds": 6, "refused_adds": 6}], [])


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("push: {suppressions_shrink: {share: 2}}\n", "`share` must be a share from 0 to 1."),
        ("push: {suppressions_shrink: {digests: few}}\n", "`digests` must be a whole number from 0 on."),
    ],
)
def test_wrong_bounds_are_told(tmp_path: Path, text: str, message: str) -> None:
    """Before anything is read."""
    shop = Shop(tmp_path / "shop")
    (shop.root / "pusher.yml").write_text(text)
    with pytest.raises(ConfigError) as caught:
        shop.push()
    assert [one.message for one in caught.value.problems] == [message]


def test_a_project_sets_how_many_may_leave_its_list(tmp_path: Path) -> None:
    """A list of people who may come back, such as staff, can be let shrink further."""
    shop = Shop(tmp_path / "shop")
    shop.sell(orders(1))
    list_of(shop, *map(str, range(30)))
    shop.push()
    list_of(shop, *map(str, range(9)))
    with (shop.root / "pusher.yml").open("a") as stream:
        stream.write("push: {suppressions_shrink: {share: 0.8, digests: 5}}\n")

    assert shop.push().exit_code == 0


def test_a_list_that_is_empty_at_first_sight_is_told(tmp_path: Path) -> None:
    """Nothing is held back, because nothing was there before."""
    shop = Shop(tmp_path / "shop")
    shop.sell(orders(1))
    list_of(shop)
    report = shop.push()

    assert report.exit_code == 0
    assert report.notices == ("gone_people lists nobody, so consent.suppressions keeps nobody out.",)
