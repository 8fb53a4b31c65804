"""How many people TikTok will probably match, by the sizes that were seen before."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from pusher.ledger.audience_sizes import Look
from pusher.push.audience.forecast import MOST_LOOKS, Expected, expect
from tests.cli.conftest import Ran, pusher
from tests.push.members import BOTH as BOTH_KINDS
from tests.push.members import MEMBERS, NAME, AudienceServer, Club, digest, people, serving_audiences
from tests.push.opted_out import opt_out
from tests.push.support import NOW

DAY = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)
BOTH, EMAIL = ("EMAIL_SHA256", "PHONE_SHA256"), ("EMAIL_SHA256",)
KINDS = {"best": BOTH, "full": BOTH, "mail": EMAIL}


def look(model: str, size: int, people: int = 2_000, *, day: int = 0, audience_id: str | None = None) -> Look:
    """Return a size that was seen some days after the first."""
    return Look(model, "1", audience_id or f"of {model}", DAY + timedelta(days=day), size, people)


def test_a_view_that_was_sent_is_judged_by_its_own_newest_size() -> None:
    """Sizes before that one, and those of other views, say how far it may be off, or nothing."""
    looks = [look("best", 1_100), look("full", 1_900), look("best", 1_300, day=3), look("best", 1_200, day=7)]

    assert expect("best", 3_000, looks, kinds=KINDS) == Expected(1_800, 0.6, 0.55, 0.65, "own", 3, DAY)


def test_a_new_view_is_judged_by_the_middle_one_of_those_with_its_kinds_of_identifier() -> None:
    """Two audiences of one view count as two."""
    looks = [
        look("full", 1_200, audience_id="a"),
        look("full", 1_400, audience_id="b"),
        look("full", 1_800, audience_id="c"),
        look("mail", 1_000),
    ]

    assert expect("best", 1_000, looks, kinds=KINDS) == Expected(700, 0.7, 0.6, 0.9, "same kinds", 3, DAY)


def test_a_view_of_other_kinds_is_judged_roughly_by_all_others() -> None:
    """Also by one of which nobody knows the kinds."""
    looks = [look("best", 1_200), look("gone", 1_600)]

    assert expect("mail", 1_000, looks, kinds=KINDS) == Expected(700, 0.7, 0.6, 0.8, "others", 2, DAY)


def test_sizes_that_tiktok_does_not_show_say_nothing() -> None:
    """0 stands for anything below 1,000."""
    assert expect("best", 1_000, [look("best", 0)], kinds=KINDS) is None


def test_nobody_is_matched_twice() -> None:
    """People who were added in the last two days can be among the matched already."""
    found = expect("best", 1_000, [look("best", 2_500)], kinds=KINDS)

    assert found == Expected(1_000, 1.0, 1.0, 1.0, "own", 1, DAY)


def test_what_was_seen_long_ago_does_not_widen_the_span() -> None:
    """The newest sizes of an audience count."""
    old = look("best", 1_900)
    newer = [look("best", 1_200 + day, day=day) for day in range(1, MOST_LOOKS + 1)]

    found = expect("best", 2_000, [old, *newer], kinds=KINDS)

    assert found == Expected(1_230, 0.615, 0.6005, 0.615, "own", MOST_LOOKS, DAY + timedelta(days=1))


@pytest.fixture
def server(tmp_path: Path) -> Iterator[AudienceServer]:
    """A sandbox on a socket."""
    with serving_audiences(tmp_path) as found:
        yield found


def audience(club: Club, command: str, *words: str, at: datetime | None = None) -> Ran:
    """Run one of the commands on a project, at a moment."""
    moment = ("--clock", at.isoformat()) if at is not None else ()
    return pusher("audience", command, *words, *moment, "--project-dir", str(club.root))


def sizes(club: Club) -> list[dict[str, Any]]:
    """Return the sizes that the ledger keeps."""
    return club.project().ledger.query("select seen_on, size, people from audience_size order by seen_on")


def filled(folder: Path, server: AudienceServer, *, people_count: int, unmatched: int) -> Club:
    """Return a project whose people were sent, and of whom TikTok matched all but some."""
    club = Club(folder / "club", server.base_url)
    club.join(people(range(people_count)))
    club.push()
    (mine,) = (one["audience_id"] for one in server.audiences() if one["name"] == NAME)
    server.change(mine, "delete", [email for email, _ in people(range(unmatched))])
    return club


def add_full_view(club: Club) -> None:
    """Add a view of the same people by two kinds of identifier, in lists, and of one that has none."""
    head = "{{ config(meta={'pusher': {'destination': 'tiktok', 'payload': 'audience', 'audience_name': 'All'}}) }}\n"
    both = "select [email] as email, [phone] as phone from {{ source('crm', 'people') }} union all select null, null\n"
    (club.root / "models" / "tiktok_audience_full.sql").write_text(head + both)
    club.build()


def test_sizes_are_kept_beside_the_people_of_two_days_before(tmp_path: Path, server: AudienceServer) -> None:
    """Of one day the last counts; who was told since the day before yesterday need not be matched yet."""
    club = filled(tmp_path, server, people_count=1_600, unmatched=400)

    audience(club, "list", at=NOW)
    club.join(people(range(1_700)))
    server.now = NOW + timedelta(days=3)
    club.push(server.now)
    audience(club, "list", at=server.now)
    server.now += timedelta(hours=1)
    audience(club, "list", at=server.now)

    today, later = f"{NOW:%Y-%m-%d}", f"{server.now:%Y-%m-%d}"
    assert sizes(club) == [
        {"seen_on": today, "size": 0, "people": None},
        {"seen_on": later, "size": 1_200, "people": 1_600},
    ]


def test_a_list_without_a_ledger_keeps_nothing(tmp_path: Path, server: AudienceServer) -> None:
    """Nothing was pushed, so there is nothing to compare with, and no ledger is made."""
    club = Club(tmp_path / "club", server.base_url)
    club.join(people(range(3)))

    assert audience(club, "list", at=NOW).code == 0
    assert not club.state.ledger.exists()


def test_a_list_whose_sizes_cannot_be_kept_is_shown_all_the_same(
    tmp_path: Path, server: AudienceServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Another program holds the ledger."""
    club = filled(tmp_path, server, people_count=3, unmatched=1)

    def busy(*_: object, **_more: object) -> None:
        raise sqlite3.OperationalError("database is locked")

    monkeypatch.setattr("pusher.ledger.audience_sizes.keep_sizes", busy)
    shown = audience(club, "list", at=NOW)

    assert shown.code == 0
    assert f"filled by {MEMBERS}" in shown.out
    assert shown.err == "The ledger cannot be written now, so the sizes are not kept for a forecast.\n"


def test_views_stand_side_by_side_with_what_tiktok_will_probably_match(tmp_path: Path, server: AudienceServer) -> None:
    """One that was sent, and one of other kinds of identifier that was not."""
    club = filled(tmp_path, server, people_count=1_600, unmatched=400)
    server.now = NOW + timedelta(days=3)
    audience(club, "list", at=server.now)
    club.join(people(range(2_000)))
    add_full_view(club)

    shown = audience(club, "forecast")

    assert (shown.code, shown.err) == (0, "")
    assert shown.out == (
        f"{MEMBERS}: audience `{NAME}`\n"
        "  people                                           2,000\n"
        "    with email                                     2,000  100 %\n"
        "  identifiers                                      2,000\n"
        "  people also in tiktok_audience_full              2,000  100 %\n"
        "  expected matches, about                          1,500   75 %\n"
        f"    by its own sizes: 1 look since {server.now:%Y-%m-%d}, 75 % matched\n"
        "\n"
        "tiktok_audience_full: audience `All`\n"
        "  people                                           2,000\n"
        "    with email                                     2,000  100 %\n"
        "    with phone                                     2,000  100 %\n"
        "  identifiers                                      4,000\n"
        f"  people also in {MEMBERS}              2,000  100 %\n"
        "  expected matches, about                          1,500   75 %\n"
        f"    roughly, by sizes of other views: 1 look since {server.now:%Y-%m-%d}, 75 % matched\n"
    )


def test_a_forecast_of_one_view_knows_the_kinds_of_the_others(tmp_path: Path, server: AudienceServer) -> None:
    """A view that was never sent is judged by one that was not selected, and has the same identifiers."""
    club = filled(tmp_path, server, people_count=1_600, unmatched=400)
    server.now = NOW + timedelta(days=3)
    audience(club, "list", at=server.now)
    head = "{{ config(meta={'pusher': {'destination': 'tiktok', 'payload': 'audience', 'audience_name': 'More'}}) }}\n"
    (club.root / "models" / "tiktok_audience_more.sql").write_text(
        f"{head}select email from {{{{ source('crm', 'people') }}}}\n"
    )
    club.build()

    shown = audience(club, "forecast", "--select", "tiktok_audience_more")

    told = f"by sizes of views with the same identifiers: 1 look since {server.now:%Y-%m-%d}, 75 % matched"
    assert " ".join(shown.out.split()).endswith(told)


def test_people_are_counted_where_some_of_their_identifiers_are_suppressed(
    tmp_path: Path, server: AudienceServer
) -> None:
    """Whoever has a suppressed identifier is no member by another one either."""
    club = Club(tmp_path / "club", server.base_url, BOTH_KINDS)
    club.join([*people(range(4)), ("", "")])
    opt_out(club, digest("email 0"), digest("email 1"), digest("phone 1"), sql=LISTED)
    report = club.push()
    audience(club, "list", at=NOW + timedelta(days=3))
    found = audience(club, "forecast", "--json").json

    reach = {
        "people": 2, "identifiers": 4, "people_by_kind": {"EMAIL_SHA256": 2, "PHONE_SHA256": 2}, "also_in": {},
    }  # fmt: skip
    assert (report.audiences[0].counts.people, report.audiences[0].counts.members) == (2, 4)
    assert (sizes(club)[0]["people"], found["forecasts"][0]["reach"]) == (2, reach)


LISTED = "select digest as email, digest as phone from {{ source('gone', 'people') }}"


def test_a_forecast_is_one_json_object(tmp_path: Path) -> None:
    """Without history nothing is expected; suppressed people are reached by nothing."""
    club = Club(tmp_path / "club")
    club.join(people(range(4)))
    club.push()
    club.suppress("email 0")

    found = audience(club, "forecast", "--json").json

    assert found["forecasts"] == [
        {
            "model": MEMBERS,
            "name": NAME,
            "kinds": ["EMAIL_SHA256"],
            "reach": {"people": 3, "identifiers": 3, "people_by_kind": {"EMAIL_SHA256": 3}, "also_in": {}},
            "expected": None,
        }
    ]


def test_a_forecast_without_history_says_how_to_get_some(tmp_path: Path) -> None:
    """Nothing was pushed yet; an empty view has no shares."""
    club = Club(tmp_path / "club")
    club.join([])

    assert audience(club, "forecast").out == (
        f"{MEMBERS}: audience `{NAME}`\n"
        "  people                                               0\n"
        "    with email                                         0\n"
        "  identifiers                                          0\n"
        "  expected matches                             not known\n"
        "\n"
        "Nobody can tell how many TikTok will match before it has matched some: run\n"
        "`pusher audience list` two days after the first push, and now and then. It keeps\n"
        "the sizes.\n"
    )


def test_a_view_that_is_not_built_has_no_forecast(tmp_path: Path) -> None:
    """The error is that of a push."""
    club = Club(tmp_path / "club")

    refused = audience(club, "forecast")

    assert (refused.code, refused.out) == (2, "")
    assert f"{MEMBERS} is not in the warehouse" in refused.err
