"""What the answers to look-ups mean, without a network."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

import pytest

from pusher.contracts import LookUp, Need, Seen
from pusher.destinations.tiktok.facts import contract
from pusher.destinations.tiktok.preflight import tiktok_preflight
from pusher.preflight.checks import Asked, PreflightCheck, judge

MINE, OTHERS, SET = "7654321098765432109", "7654321098765432110", "7654321098765432120"
EVENTS, CLOCK = "7224195155857866754", "clock"


def need(payload: str = "offline_events", source_id: str | None = SET, *advertisers: str, **more: Any) -> Need:
    """Return what a view needs."""
    return Need("a_view", contract().payloads[payload], source_id, advertisers or (MINE,), **more)


def judged(needs: list[Need], told: Mapping[str, Seen], **more: Any) -> dict[str, PreflightCheck]:
    """Return the checks by name and id; answers are given by a part of the path, the others are `there`."""
    api = tiktok_preflight()
    answers: dict[LookUp, Seen] = {}
    for one in api.look_ups(needs):
        answers[one] = next(
            (seen for part, seen in told.items() if part in one.path),
            Seen("approved" if one.kind == "account" else "there"),
        )
    checks = judge(Asked(api, needs, answers, **more))
    return {" ".join(filter(None, (check.name, check.about))): check for check in checks}


def failed(checks: Mapping[str, PreflightCheck]) -> dict[str, tuple[str, int, bool]]:
    """Return message, exit code and certainty of the failures."""
    return {
        name: (check.problem.message, check.exit_code, check.is_certain)
        for name, check in checks.items()
        if check.problem is not None
    }


def test_a_token_of_events_manager_is_not_asked_and_stops_nothing() -> None:
    """What nobody can tell is said of each check."""
    api = tiktok_preflight()
    checks = judge(Asked(api, [need()], {}, kind="events"))
    assert [(check.name, check.status) for check in checks] == [
        ("token", "unknown"), ("scopes", "unknown"), ("advertiser", "unknown"), ("event_source", "unknown"),
        ("role", "unknown"), ("clock", "unknown"),
    ]  # fmt: skip
    assert checks[2].found == "a token of Events Manager can look nothing up"


def test_a_token_of_events_manager_cannot_fill_an_audience() -> None:
    """That is known without asking: exit 2, because the wrong credential was chosen."""
    checks = judge(Asked(tiktok_preflight(), [need("audience", "Best")], {}, kind="events"))
    assert checks[0].problem is not None
    assert (checks[0].problem.message, checks[0].exit_code, checks[0].is_certain) == (
        "A token of Events Manager cannot fill audiences (a_view).",
        2,
        True,
    )


def test_scopes_that_a_login_told_are_held_against_what_the_views_need() -> None:
    """Each missing scope is a failure with its name, whoever asks and whatever TikTok answers."""
    needs = [need(), need("audience", "Best")]
    granted = judged(needs, {}, kind="oauth", granted=("5", "3"))
    assert granted["scopes"].found == (
        f"granted: Report Conversion Event ({EVENTS}), Read Custom Audiences (30), "
        "Create and Update Custom Audiences (31)"
    )
    events = f"The token lacks the scope Report Conversion Event ({EVENTS}), which a_view needs for event/track/."
    audiences = (
        "The token lacks the scope Create and Update Custom Audiences (31), which a_view needs for segment/audience/, "
        "segment/mapping/."
    )
    assert failed(judged(needs, {}, kind="oauth", granted=("30",))) == {
        f"scopes {EVENTS}": (events, 3, True),
        "scopes 31": (audiences, 3, True),
    }


def test_a_scope_that_tiktok_misses_counts_for_audiences_only() -> None:
    """The look-up of an event set needs a scope that its push does not."""
    seen = Seen("scope", words="no scope (code 40131)")
    assert failed(judged([need("audience", "Best")], {"custom_audience": seen})) == {
        "scopes": ("The token lacks a scope that audiences need: no scope (code 40131).", 3, True)
    }
    checks = judged([need()], {"offline/get": seen}, kind="oauth")
    assert failed(checks) == {}
    assert checks[f"event_source {SET}"].found == "TikTok does not say: no scope (code 40131)"


@pytest.mark.parametrize(
    ("said", "message"),
    [
        ("pending", "is not approved yet"),
        ("rejected", "was not approved"),
        ("limited", "is not open"),
        ("closed", "is not open"),
    ],
)
def test_an_account_that_is_not_approved_stops_a_push(said: str, message: str) -> None:
    """TikTok said so of this account, so that it counts with any kind of token, whatever else was answered."""
    standing = Seen(said, words="why (STATUS)")
    for told in ({}, {"offline/get": Seen("advertiser", words="gone (code 40300)")}):
        checks = judged([need()], {"advertiser/info": standing, **told})
        assert failed(checks) == {f"advertiser {MINE}": (f"Advertiser {MINE} {message}: why (STATUS).", 3, True)}


@pytest.mark.parametrize(
    ("seen", "found"),
    [
        (Seen("approved"), "approved, and this token may read it"),
        (
            Seen("changing", words="a change of it is under review (STATUS)"),
            "approved before; a change of it is under review (STATUS)",
        ),
        (
            Seen("refused", words="no scope (code 40131)"),
            "there, and this token may read it; whether it is approved is not told: no scope (code 40131)",
        ),
    ],
    ids=["approved", "changing", "refused"],
)
def test_an_account_that_is_there_is_all_right(seen: Seen, found: str) -> None:
    """What nobody can tell stops nothing."""
    check = judged([need()], {"advertiser/info": seen})[f"advertiser {MINE}"]
    assert (check.status, check.found) == ("ok", found)


def test_the_account_of_an_app_is_looked_up_too() -> None:
    """Its events have no look-up of their own."""
    wanted = need("app_events", "123")
    assert judged([wanted], {})[f"advertiser {MINE}"].found == "approved, and this token may read it"
    gone = failed(judged([wanted], {"advertiser/info": Seen("advertiser", words="gone (code 40300)")}, kind="oauth"))
    assert list(gone) == [f"advertiser {MINE}"]


def test_an_advertiser_that_the_token_is_not_for() -> None:
    """Another one of the same settings is all right."""
    seen = Seen("other_advertiser", words="no (code 40106)")
    checks = judged([need("offline_events", SET, MINE, OTHERS)], {OTHERS: seen})
    assert failed(checks) == {
        f"advertiser {OTHERS}": (
            f"Advertiser {OTHERS} is not one that this token was granted: no (code 40106).", 3, True,
        )
    }  # fmt: skip
    assert checks[f"event_source {SET}"].status == "ok"


def test_each_account_without_a_role_is_told() -> None:
    """Not the first of them only."""
    seen = Seen("role", words="no right (code 40001)")
    checks = judged([need("offline_events", SET, MINE, OTHERS)], {"offline/get": seen}, kind="oauth")
    assert list(failed(checks)) == [f"role {MINE}", f"role {OTHERS}"]


def test_a_refusal_is_in_doubt_while_nobody_knows_the_kind_of_token() -> None:
    """It may be of Events Manager; once it read an account, it is not."""
    role, gone = Seen("role", words="w"), Seen("advertiser", words="w")
    doubtful = failed(judged([need()], {"offline/get": role, "advertiser/info": Seen("refused")}))
    assert [certain for _, _, certain in doubtful.values()] == [False]
    known = failed(judged([need("offline_events", SET, MINE, OTHERS)], {OTHERS: gone}))
    assert [certain for _, _, certain in known.values()] == [True]


def test_what_was_absent_at_one_account_and_unanswered_at_another_is_unknown() -> None:
    """Only an answer of all of them proves that it is none of theirs."""
    needs = [need("offline_events", SET, MINE, OTHERS)]
    both = {MINE: Seen("absent"), OTHERS: Seen("absent")}
    half = {MINE: Seen("absent"), OTHERS: Seen("refused", words="why (code 40003)")}
    assert list(failed(judged(needs, both))) == [f"event_source {SET}"]
    assert judged(needs, half)[f"event_source {SET}"].found == "TikTok does not say: why (code 40003)"
    api = tiktok_preflight()
    first = {one: Seen("absent") for one in api.look_ups(needs) if one.advertiser_id == MINE}
    found = {check.name: check for check in judge(Asked(api, needs, first))}
    assert found["event_source"].found == "it was not asked"


@pytest.mark.parametrize(
    ("wanted", "found"),
    [
        (need("app_events", "123"), "TikTok has no look-up of a tiktok_app_id"),
        (need("web_events", None), "each row names it: pixel_code is not set"),
    ],
)
def test_event_sources_that_nobody_can_look_up(wanted: Need, found: str) -> None:
    """The reason is said."""
    (check,) = (one for one in judged([wanted], {}).values() if one.name == "event_source")
    assert (check.status, check.found) == ("unknown", found)


def test_one_event_source_of_two_views_is_one_check() -> None:
    """And an audience has none."""
    checks = judged([need(), need(), need("audience", "Best")], {})
    assert [name for name in checks if name.startswith("event_source")] == [f"event_source {SET}"]


@pytest.mark.parametrize(
    ("skew", "status"),
    [(timedelta(minutes=5), "ok"), (timedelta(minutes=-5), "ok"), (timedelta(minutes=5, seconds=1), "failed")],
)
def test_five_minutes_are_the_limit_of_the_clock(skew: timedelta, status: str) -> None:
    """On either side."""
    assert judged([need()], {}, skew=skew)[CLOCK].status == status


def test_json_has_the_problem_in_its_own_form() -> None:
    """And no word of what is only for the push."""
    shown = judged([need()], {"offline/get": Seen("absent")})[f"event_source {SET}"].as_json()
    assert list(shown) == ["name", "about", "status", "found", "problem", "part"]
    assert shown["problem"]["code"] == "preflight-event-source"
