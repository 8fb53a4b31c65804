"""Faults 20 to 39: what a server can answer, and that nothing but a clear yes counts as one."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from pusher.project.outcomes import Patience
from tests.faults.scene import ROWS, scene
from tests.push.support import EVENT_SET, NOW, Order, orders

OTHER_SET = "1234567890123456789"


def passing(found: Any) -> None:
    """Push until everything is settled, and let the checker look."""
    reports = found.settle()
    assert reports[-1].exit_code == 0
    found.check()


def test_20_an_answer_cut_short_after_the_rows_were_taken(tmp_path: Path) -> None:
    """Half an answer is none: the rows are sent again and count once."""
    with scene(tmp_path, [{"do": "truncate", "times": 2}]) as found:
        passing(found)
        assert found.server.totals()["duplicates"] == 20


@pytest.mark.parametrize("do", ["drop_before", "drop_after_accept"])
def test_21_a_connection_that_is_reset(tmp_path: Path, do: str) -> None:
    """Before the rows were taken or after it, the client cannot know, and sends the same bytes."""
    with scene(tmp_path, [{"do": do, "times": 2}]) as found:
        passing(found)


def test_22_39_an_answer_that_comes_too_late(tmp_path: Path) -> None:
    """A byte now and then is cut at the deadline; what arrives after that is ignored, and a copy settles it."""
    with scene(tmp_path, [{"do": "slow_drip"}]) as found:
        passing(found)
        assert found.shop.ledger("select response_class from attempt order by batch, number limit 1") == [("UNKNOWN",)]


@pytest.mark.parametrize("do", ["html_200", "empty", "null", "list", "code_text", "code_true", "no_code"])
@pytest.mark.parametrize("after", ["accept", "before"])
def test_24_http_200_that_is_no_answer(tmp_path: Path, do: str, after: str) -> None:
    """A page, nothing, null, a list and codes that are no whole number are never success, and never loss."""
    with scene(tmp_path, [{"do": do, "after": after, "times": 2}]) as found:
        passing(found)


def test_25_throttled_once(tmp_path: Path) -> None:
    """A second later it goes on."""
    with scene(tmp_path, [{"do": 40100}]) as found:
        passing(found)
        assert found.server.totals()["duplicates"] == 0


def test_25_throttled_for_ever(tmp_path: Path) -> None:
    """The run ends with 4 and says when the quota starts anew; nothing is lost."""
    with scene(tmp_path, [{"do": 40100, "times": None}]) as found:
        report = found.push()
        (problem,) = report.problems

        assert (report.exit_code, problem.code) == (4, "wait-too-long")
        assert (found.server.totals()["counted"], found.requests()) == (0, 3)


@pytest.mark.parametrize("header", ["7", "Fri, 20 Nov 2026 12:00:07 GMT", "soon", "-1", "99999999999999999999"])
def test_26_too_many_requests_with_a_wish(tmp_path: Path, header: str) -> None:
    """A wish in seconds or as a date is honoured up to five minutes; nonsense is ignored."""
    with scene(tmp_path, [{"do": 429, "headers": {"Retry-After": header}}]) as found:
        passing(found)


def test_27_server_errors_three_times(tmp_path: Path) -> None:
    """The fourth attempt is accepted."""
    with scene(tmp_path, [{"do": 50000, "times": 3}], rows=10) as found:
        found.settle()
        found.check(events=[row.order_id for row in orders(10)])
        assert found.shop.ledger("select attempts from batch") == [(4,)]


@pytest.mark.parametrize("do", ["html_502", 503, 504])
def test_28_a_gateway_without_a_server(tmp_path: Path, do: Any) -> None:
    """Back-off; the breaker is proven in tests/push/test_brakes.py."""
    with scene(tmp_path, [{"do": do, "times": 3}]) as found:
        passing(found)


def test_29_a_token_that_is_refused_at_once(tmp_path: Path) -> None:
    """One request, exit 3, and every row is still there."""
    with scene(tmp_path, [{"do": 40105}]) as found:
        report = found.push()
        assert (report.exit_code, found.requests(), report.models[0].terms["pending"]) == (3, 1, ROWS)
        passing(found)


def test_30_a_token_that_is_revoked_on_the_way(tmp_path: Path) -> None:
    """What was accepted stays accepted; after a login only the rest is sent."""
    with scene(tmp_path, [{"match": {"nth": 3}, "do": 40105}], rows=3_000, concurrency=1) as found:
        report = found.push()
        accepted = report.models[0].terms["accepted"]
        found.settle()

        assert (report.exit_code, accepted) == (3, 1_010)
        assert found.server.totals()["duplicates"] == 0
        found.check(events=[row.order_id for row in orders(3_000)])


@pytest.mark.parametrize("code", [40001, 40300])
def test_31_an_event_set_that_is_not_ours(tmp_path: Path, code: int) -> None:
    """Its rows wait, those of the other one are sent, and the exit code is 3."""
    refused = {"match": {"contains": [f'"event_source_id":"{OTHER_SET}"']}, "do": code, "times": None}
    with scene(tmp_path, [refused]) as found:
        found.sell([Order(row.order_id, event_set=OTHER_SET if place % 5 == 0 else EVENT_SET)
                    for place, row in enumerate(orders(ROWS))])  # fmt: skip
        report = found.push()

        terms = report.models[0].terms
        assert (report.exit_code, terms["accepted"], terms["pending"]) == (3, 20, 5)
        assert len(found.server.counted()) == 20


BAD = "order-00007"
LONE = {"match": {"contains": [f'"{BAD}"']}, "do": 40002, "message": "Invalid", "times": None}


@pytest.mark.parametrize(
    "message",
    [
        "data.7.properties.value: Invalid",
        "Invalid value",
        "data.3.properties.value: Invalid",
        "data.999.properties.value: Invalid",
        "batch.7.value and data.2.value",
    ],
    ids=["right", "none", "wrong", "out_of_range", "two"],
)
def test_32_a_bad_row_with_all_kinds_of_hints(tmp_path: Path, message: str) -> None:
    """Only the row that is bad is refused; a wrong hint costs requests and no row."""
    first = {"match": {"contains": [f'"{BAD}"']}, "do": 40002, "message": message}
    with scene(tmp_path, [first, LONE]) as found:
        reports = found.settle()
        assert reports[0].exit_code == 1
        found.check(dead=[BAD])


def test_33_every_row_is_bad(tmp_path: Path) -> None:
    """The canary stops after 21 requests at most: the model is wrong, not the rows; the rest is given back."""
    with scene(tmp_path, [{"do": 40002, "times": None}]) as found:
        report = found.push()

        assert (report.exit_code, report.models[0].terms["dead"]) == (1, 10)
        assert found.requests() <= 21
        assert found.server.counted() == []


def test_34_rows_that_are_refused_only_together(tmp_path: Path) -> None:
    """The split ends with both accepted."""
    together = {"match": {"contains": ['"order-00002"', '"order-00005"']}, "do": 40002, "times": None}
    with scene(tmp_path, [together]) as found:
        passing(found)


def test_35_accepted_in_part_with_a_list(tmp_path: Path) -> None:
    """The listed row is refused, the others are accepted."""
    part = {
        "match": {"contains": [f'"{BAD}"']}, "do": 20001, "data": {"failed_events": [{"order_in_batch": 7}]},
    }  # fmt: skip
    alone = {**part, "data": {"failed_events": [{"order_in_batch": 0}]}, "times": None}
    with scene(tmp_path, [part, alone]) as found:
        found.settle()
        found.check(dead=[BAD])


@pytest.mark.parametrize("after", ["accept", "before"])
def test_35_accepted_in_part_without_a_list(tmp_path: Path, after: str) -> None:
    """Which rows were taken is not known: the pieces are sent, and each event counts once."""
    with scene(tmp_path, [{"do": 20001, "after": after, "times": 3}]) as found:
        passing(found)


@pytest.mark.parametrize("code", [59999, -1, 10**20])
@pytest.mark.parametrize("after", ["accept", "before"])
def test_36_a_code_that_nobody_knows(tmp_path: Path, code: int, after: str) -> None:
    """It is in doubt, never accepted."""
    with scene(tmp_path, [{"do": code, "after": after, "times": 2}]) as found:
        passing(found)


def test_36_an_unknown_refusal(tmp_path: Path) -> None:
    """An unlisted 4xxxx is a setting to look at: exit 3, and the rows wait."""
    with scene(tmp_path, [{"do": 49999}]) as found:
        report = found.push()
        assert (report.exit_code, report.models[0].terms["pending"]) == (3, ROWS)
        passing(found)


def test_37_duplicated_on_the_first_attempt(tmp_path: Path) -> None:
    """Nobody can have sent it before: it is in doubt, and sent again."""
    with scene(tmp_path, [{"do": 40050}]) as found:
        passing(found)
        assert found.server.totals()["duplicates"] == 0


def test_37_duplicated_for_ever(tmp_path: Path) -> None:
    """Each answer is about a copy that nobody knows of: that there are several of them proves nothing of ours."""
    names = [row.order_id for row in orders(4)]
    with scene(tmp_path, [{"do": 40050, "times": None}], rows=4) as found:
        report = found.push()
        (batch,) = found.shop.ledger("select state, rows, attempts > 1, response_class from batch")
        late = found.push(NOW + timedelta(hours=37))

        assert (report.exit_code, batch) == (4, ("unknown", 4, 1, "DUP"))
        assert (late.exit_code, late.models[0].resumed["parked"]) == (5, 4)
        found.check(events=names, parked=names)


@pytest.mark.parametrize("after", ["accept", "before"])
def test_37_duplicated_on_the_first_attempt_of_a_piece(tmp_path: Path, after: str) -> None:
    """What may have arrived is the whole batch: that a piece of it was, as it is, nobody can know."""
    in_part = {"do": 20001, "after": after}
    with scene(tmp_path, [in_part, {"do": 40050, "after": "before"}]) as found:
        found.settle()
        found.check()


def test_37_duplicated_on_the_second_attempt(tmp_path: Path) -> None:
    """The first attempt arrived, which is what the answer says."""
    with scene(tmp_path, [{"do": "drop_after_accept"}, {"do": 40050}], rows=10) as found:
        found.settle()
        found.check(events=[row.order_id for row in orders(10)])
        assert found.server.totals()["duplicates"] == 0


def test_63_a_server_that_hangs_in_the_middle_of_a_run(tmp_path: Path) -> None:
    """A worker gives up at the deadline, the others go on, and the batch is in doubt."""
    slow = {"match": {"nth": 3}, "do": "slow_drip"}
    with scene(tmp_path, [slow], rows=3_000) as found:
        report = found.push(patience=Patience(deadline_s=600))

        assert report.exit_code == 0
        found.check(events=[row.order_id for row in orders(3_000)])
