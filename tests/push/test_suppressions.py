"""Who is suppressed is in no audience and no event, whenever that became known."""

from __future__ import annotations

import sqlite3
import time
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from pusher.errors import ConfigError, PlanError
from pusher.ledger.audiences import AudienceStore
from pusher.ledger.opening import open_store
from pusher.project.outcomes import Patience
from tests.push.members import BOTH, Club, digest, people, serving_audiences, stored
from tests.push.opted_out import opt_out
from tests.push.support import NOW, VIEW, Server, Shop, orders, serving

LEADS = """\
{{ config(materialized='view', meta={'pusher': {'destination': 'tiktok', 'payload': 'crm_events'}}) }}
select
    'qualified_lead' as event,
    order_id as event_id,
    cast(ordered_at as timestamp) as event_time,
    '701234567890123456' || right(order_id, 1) as lead_id,
    'Salesforce' as lead_event_source,
    cast(amount as decimal(18, 2)) as value,
    'EUR' as currency
from {{ source('shop', 'orders') }}
"""


def suppress(shop: Shop, *digests: str) -> None:
    """Suppress e-mails in the ledger, as `forget` does."""
    store = open_store(shop.state, base_url=None, now=NOW)
    with store.transaction():
        AudienceStore(store).suppress([("EMAIL_SHA256", one) for one in digests], reason="test", now=NOW)
    store.close()


def terms(report: Any) -> dict[str, int]:
    """Return the receipt of the one view without what is nought."""
    (model,) = report.models
    return {name: rows for name, rows in model.terms.items() if rows} | {"exit": report.exit_code}


def test_the_projects_list_keeps_rows_of_events_back(tmp_path: Path) -> None:
    """A row whose e-mail is on the list counts as suppressed, is not sent and is not in the quarantine."""
    with serving(tmp_path / "sandbox.sqlite") as server:
        shop = Shop(tmp_path / "shop", server.base_url)
        rows = orders(5)
        shop.sell(rows)
        opt_out(shop, rows[1].digest.upper(), rows[3].digest, digest("nobody"), "")
        dry = shop.push(dry_run=True)
        report = shop.push()
        again = shop.push()
        counted = server.counted()

    assert terms(dry) == {"planned": 3, "suppressed": 2, "pending": 3, "exit": 0}
    assert terms(report) == {"planned": 3, "suppressed": 2, "accepted": 3, "exit": 0}
    assert terms(again) == {"already_sent": 3, "suppressed": 2, "exit": 0}
    assert counted == ["order-00000", "order-00002", "order-00004"]
    assert not list(shop.state.quarantine.glob("*.parquet"))
    assert not [path for path in shop.state.outbox.rglob("*") if path.is_file()]


def test_a_person_with_several_addresses_is_kept_out_by_any_of_them(tmp_path: Path) -> None:
    """A column of lists is searched as a whole, and a row without a list holds nobody."""
    lists = (
        "case when order_id <> 'order-00002' then [sha256('another'), digest] end as email, sha256('phone') as phone,"
    )
    with serving(tmp_path / "sandbox.sqlite") as server:
        shop = Shop(tmp_path / "shop", server.base_url)
        view = shop.root / "models" / f"{VIEW}.sql"
        view.write_text(view.read_text().replace("digest as email,", lists))
        rows = orders(3)
        shop.sell(rows)
        opt_out(shop, rows[1].digest, rows[2].digest)
        report = shop.push()
        counted = server.counted()

    assert terms(report) == {"planned": 2, "suppressed": 1, "accepted": 2, "exit": 0}
    assert counted == ["order-00000", "order-00002"]


def test_rows_that_hold_no_digest_are_of_nobody_on_the_list(tmp_path: Path) -> None:
    """Leads that only their CRM's number names are sent and reported although people are suppressed."""
    with serving(tmp_path / "sandbox.sqlite") as server:
        shop = Shop(tmp_path / "shop", server.base_url, crm_event_set_id="7000000000000000001")
        (shop.root / "models" / f"{VIEW}.sql").write_text(LEADS)
        rows = orders(2)
        shop.sell(rows)
        opt_out(shop, rows[1].digest)
        report = shop.push()
        bridge = shop.project().report()

    assert terms(report) == {"planned": 2, "accepted": 2, "exit": 0}
    assert {line["term"]: line["rows"] for line in bridge.totals} == {"accepted": 2}


def test_the_report_tells_who_was_kept_out(tmp_path: Path) -> None:
    """Rows of suppressed people are not due; what was sent of them before stays accepted."""
    shop = Shop(tmp_path / "shop")
    rows = orders(5)
    shop.sell(rows[:2])
    shop.build()
    shop.push()
    shop.sell(rows)
    opt_out(shop, rows[0].digest, rows[3].digest)
    suppress(shop, rows[4].digest)
    bridge = shop.project().report()

    assert {line["term"]: line["rows"] for line in bridge.totals} == {"accepted": 2, "due": 1, "suppressed": 2}


def test_the_projects_list_keeps_members_out(tmp_path: Path) -> None:
    """Who is on the list is not added, and is taken out when it came to be on it later, by whatever the row names."""
    with serving_audiences(tmp_path) as server:
        club = Club(tmp_path / "club", server.base_url, BOTH)
        club.join(people(range(3)))
        opt_out(club, digest("email 1"))
        first = club.push()
        opt_out(club, digest("email 1"), digest("email 2"))
        second = club.push()
        members = server.members(server.audiences()[0]["audience_id"])

    counts = [
        (one.audiences[0].counts.suppressed, one.audiences[0].added, one.audiences[0].deleted)
        for one in (first, second)
    ]
    assert counts == [(2, 4, 0), (4, 0, 2)]
    assert members == {stored("EMAIL_SHA256", digest("email 0")), stored("PHONE_SHA256", digest("phone 0"))}


@pytest.mark.parametrize("more", ["", ", 'method': 'file'"], ids=["stream", "file"])
def test_whoever_objects_is_out_of_an_audience_of_another_kind_of_identifier(tmp_path: Path, more: str) -> None:
    """The view has their e-mail too, which its audience of phones is not told."""
    with serving_audiences(tmp_path) as server:
        club = Club(tmp_path / "club", server.base_url, BOTH, more=f", 'id_types': ['PHONE']{more}")
        club.join([*people(range(1_100)), (digest("email 1"), "")])
        opt_out(club, digest("email 1"))
        first = club.push(dry_run=True)
        report = club.push()
        server.now = NOW + timedelta(days=4)
        opt_out(club, digest("email 1"), digest("email 2"))
        club.push(now=server.now)
        server.now += timedelta(days=4)
        members = server.members(server.audiences()[0]["audience_id"])

    for counts in (first.audiences[0].counts, report.audiences[0].counts):
        assert (counts.suppressed, counts.people, counts.members, counts.no_identity) == (1, 1_099, 1_099, 1)
    assert members == {stored("PHONE_SHA256", digest(f"phone {one}")) for one in (0, *range(3, 1_100))}


def test_a_file_of_the_project_is_a_list(tmp_path: Path) -> None:
    """A seed with a column of digests keeps people out; a file is named as the seed that it is."""
    club = Club(tmp_path / "club")
    club.join(people(range(3)))
    (club.root / "seeds").mkdir()
    (club.root / "seeds" / "gone.csv").write_text(f"email\n{digest('email 1')}\n")
    policy = club.root / "pusher.yml"
    policy.write_text("consent: {suppressions: gone}\n")
    club.build()
    report = club.push()
    policy.write_text("consent: {suppressions: seeds/list.csv}\n")
    with pytest.raises(ConfigError) as caught:
        club.push()

    assert (report.audiences[0].counts.suppressed, report.audiences[0].added) == (1, 2)
    assert [one.fix for one in caught.value.problems] == ["Name a model or a seed of the project, without ref()."]


def test_what_another_person_has_too_stays_in_an_audience(tmp_path: Path) -> None:
    """Two people share a phone, and one of them objects by e-mail: the phone is still the other one's."""
    with serving_audiences(tmp_path) as server:
        club = Club(tmp_path / "club", server.base_url, BOTH)
        club.join([*people(range(2)), (digest("email 2"), digest("phone 1"))])
        club.push()
        opt_out(club, digest("email 1"))
        report = club.push()
        members = server.members(server.audiences()[0]["audience_id"])

    counts = report.audiences[0].counts
    assert (counts.suppressed, counts.people, counts.members, report.audiences[0].deleted) == (1, 2, 4, 1)
    assert members == {
        stored("EMAIL_SHA256", digest("email 0")),
        stored("EMAIL_SHA256", digest("email 2")),
        stored("PHONE_SHA256", digest("phone 0")),
        stored("PHONE_SHA256", digest("phone 1")),
    }


def test_whoever_objects_goes_by_all_identifiers_although_the_view_shrank(tmp_path: Path) -> None:
    """The phone of somebody who objects by e-mail is suppressed and no departure, so the guard does not keep it."""
    with serving_audiences(tmp_path) as server:
        club = Club(tmp_path / "club", server.base_url, BOTH)
        club.join(people(range(4)))
        club.push()
        club.join(people(range(2)))
        opt_out(club, digest("email 0"), digest("email 1"))
        report = club.push()
        members = server.members(server.audiences()[0]["audience_id"])

    (receipt,) = report.audiences
    assert (receipt.deleted, receipt.refused_deletes, report.exit_code) == (4, 4, 1)
    assert members == {stored("EMAIL_SHA256", digest(f"email {one}")) for one in (2, 3)} | {
        stored("PHONE_SHA256", digest(f"phone {one}")) for one in (2, 3)
    }


@pytest.mark.parametrize(
    ("sql", "message"),
    [
        (
            "select 'ann@example.com' as email",
            "In gone_people 1 value is no SHA-256 digest, so nobody can be kept out by that.",
        ),
        (
            "select 1 as customer",
            "gone_people lists nobody: it has none of the columns email, phone, idfa, aaid.",
        ),
    ],
)
def test_a_list_that_keeps_nobody_out_is_refused(tmp_path: Path, sql: str, message: str) -> None:
    """Raw values and lists without identifiers stop a push before anything is sent."""
    shop = Shop(tmp_path / "shop")
    shop.sell(orders(1))
    opt_out(shop, sql=sql)
    with pytest.raises(PlanError) as caught:
        shop.push()
    assert [one.message for one in caught.value.problems] == [message]


def test_a_list_that_is_no_model_is_refused(tmp_path: Path) -> None:
    """A name that is spelled wrong keeps nobody out, so it stops the push."""
    shop = Shop(tmp_path / "shop")
    shop.sell(orders(1))
    opt_out(shop)
    (shop.root / "pusher.yml").write_text("consent: {suppressions: gone_poeple}\n")
    with pytest.raises(ConfigError) as caught:
        shop.push()
    assert [(one.message, one.fix) for one in caught.value.problems] == [
        ("consent.suppressions names no model: `gone_poeple`.", "Did you mean `gone_people`?")
    ]


def test_a_waiver_of_no_view_is_refused(tmp_path: Path) -> None:
    """A reason that belongs to another view than was meant would waive nothing, and nobody would see it."""
    shop = Shop(tmp_path / "shop")
    (shop.root / "pusher.yml").write_text("consent: {waived: {tiktok_offline_event: Staff only.}}\n")
    with pytest.raises(ConfigError) as caught:
        shop.project().lint()
    assert [(one.message, one.fix) for one in caught.value.problems] == [
        ("consent.waived names no destination view: `tiktok_offline_event`.", "Did you mean `tiktok_offline_events`?")
    ]


def test_rows_frozen_before_leave_their_batch(tmp_path: Path) -> None:
    """A request got no answer, then somebody is suppressed: the rest goes again, and it is said what may be there."""
    lost = {"do": "drop_after_accept", "times": 8}
    rows = orders(4)
    with serving(tmp_path / "sandbox.sqlite", [lost]) as server:
        shop = Shop(tmp_path / "shop", server.base_url)
        shop.sell(rows)
        shop.build()
        first = shop.push()
        suppress(shop, rows[2].digest)
        second = shop.push()
    told = shop.ledger("select rows, message from batch where state = 'suppressed'")

    assert first.exit_code == 4
    (model,) = second.models
    resumed = {name: rows for name, rows in model.resumed.items() if rows}
    assert resumed == {"planned": 4, "accepted": 3, "suppressed_late": 1}
    assert terms(second) == {"already_sent": 3, "suppressed": 1, "exit": 0}
    assert told == [(1, "The person was suppressed; it may have been delivered before, and cannot be recalled.")]


def test_rows_never_sent_leave_their_part(tmp_path: Path) -> None:
    """Rows that were frozen and not yet tried leave too, and only the others are requested."""
    rows = orders(4)
    with serving(tmp_path / "sandbox.sqlite") as server:
        shop = Shop(tmp_path / "shop", server.base_url)
        shop.sell(rows)
        shop.build()
        # Asked for the first time before planning, then by the delivery, which stops at once.
        first = shop.push(patience=Patience(deadline_s=0.0))
        suppress(shop, rows[0].digest, rows[3].digest)
        second = shop.push()
        counted = server.counted()
    told = shop.ledger("select ranges, message from batch where state = 'suppressed'")

    assert first.exit_code == 4
    (model,) = second.models
    resumed = {name: rows for name, rows in model.resumed.items() if rows}
    assert resumed == {"planned": 4, "accepted": 2, "suppressed_late": 2}
    assert counted == ["order-00001", "order-00002"]
    assert told == [("[[0, 1], [3, 1]]", "The person was suppressed before it was sent.")]
    assert shop.keys() == [("accepted", 2)]


def test_rows_never_sent_leave_when_the_projects_list_grows(tmp_path: Path) -> None:
    """Rows of an earlier run are compared with the list as it is by now."""
    rows = orders(4)
    with serving(tmp_path / "sandbox.sqlite") as server:
        shop = Shop(tmp_path / "shop", server.base_url)
        shop.sell(rows)
        opt_out(shop, rows[0].digest)
        first = shop.push(patience=Patience(deadline_s=0.0))
        opt_out(shop, rows[0].digest, rows[2].digest)
        second = shop.push()
        counted = server.counted()

    assert first.exit_code == 4
    (model,) = second.models
    resumed = {name: rows for name, rows in model.resumed.items() if rows}
    assert resumed == {"planned": 3, "accepted": 2, "suppressed_late": 1}
    assert counted == ["order-00001", "order-00003"]


def test_rows_that_left_are_sent_once_their_person_is_let_back(tmp_path: Path) -> None:
    """Nothing of them was ever sent: they are as new, and contradict nothing. What may have arrived stays held."""
    rows = orders(4)
    lost = {"match": {"contains": ["order-00001"]}, "do": "drop_before", "times": 8}
    with serving(tmp_path / "sandbox.sqlite", [lost]) as server:
        shop = Shop(tmp_path / "shop", server.base_url)
        shop.sell(rows[1:2])
        opt_out(shop, rows[0].digest)
        in_doubt = shop.push()
        shop.sell(rows)
        frozen = shop.push(patience=Patience(deadline_s=0.0))
        opt_out(shop, *(row.digest for row in rows[:3]))
        left = shop.push()
        rows[2].amount = "11.00"
        shop.sell(rows)
        opt_out(shop, rows[0].digest)
        back = shop.push(allow_list_shrink=True)
        counted = server.counted()

    assert (in_doubt.exit_code, frozen.exit_code) == (4, 4)
    assert {name: rows for name, rows in left.models[0].resumed.items() if rows} == {
        "planned": 3, "accepted": 1, "suppressed_late": 2,
    }  # fmt: skip
    assert terms(back) == {"planned": 1, "already_sent": 2, "suppressed": 1, "accepted": 1, "exit": 0}
    assert (back.models[0].held, counted) == ({"accepted": 1, "suppressed": 1}, ["order-00002", "order-00003"])


def test_rows_that_left_are_new_also_while_their_part_is_open(tmp_path: Path) -> None:
    """Another row of the part is in doubt for long."""
    rows = orders(12)
    lost = {"match": {"contains": ["order-00000"]}, "do": "drop_after_accept", "times": None}
    with serving(tmp_path / "sandbox.sqlite", [lost]) as server:
        shop = Shop(tmp_path / "shop", server.base_url)
        shop.sell(rows)
        opt_out(shop, "0" * 64)
        frozen = shop.push(patience=Patience(deadline_s=0.0))
        opt_out(shop, rows[11].digest)
        left = shop.push(patience=Patience(deadline_s=20.0))
        opt_out(shop, "0" * 64)
        back = shop.push(allow_list_shrink=True, patience=Patience(deadline_s=20.0))

    assert (frozen.exit_code, left.exit_code) == (4, 4)
    assert left.models[0].resumed["suppressed_late"] == 1
    assert (back.models[0].terms["planned"], back.models[0].held) == (1, {"in_flight": 11})


def test_rows_leave_while_others_are_sent(tmp_path: Path) -> None:
    """Somebody is suppressed after the first batch was accepted: no later request of the same run has the row."""
    rows = orders(40)
    with serving(tmp_path / "sandbox.sqlite") as server:
        shop = Shop(tmp_path / "shop", server.base_url)
        shop.sell(rows)
        shop.build()

        def suppress_meanwhile() -> bool:
            if shop.state.ledger.exists() and server.counted():
                suppress_beside(shop, rows[39].digest)
            return False

        report = shop.push(should_stop=suppress_meanwhile)
        counted = server.counted()

    assert terms(report) == {"planned": 40, "accepted": 39, "suppressed_late": 1, "exit": 0}
    assert counted == [one.order_id for one in rows[:39]]


@pytest.mark.parametrize(
    ("answer", "left"),
    [(40100, "accepted"), ("drop_before", "accepted"), ("drop_after_accept", "counted"), (40002, "accepted")],
)
def test_rows_leave_whose_request_was_on_its_way(tmp_path: Path, answer: int | str, left: str) -> None:
    """They are not in the request that is made after it failed, whole or in pieces, unless they had arrived."""
    rows, shops = orders(4), list[Shop]()

    def suppressing(app: Any) -> Any:
        def answered(environ: Any, start_response: Any) -> Any:
            if "event/track" in environ["PATH_INFO"] and shops:
                suppress_beside(shops.pop(), rows[2].digest)
                # The push looks at the list meanwhile.
                time.sleep(0.8)
            return app(environ, start_response)

        return answered

    server = Server(tmp_path / "sandbox.sqlite", [{"do": answer, "times": 1}], NOW, suppressing)
    try:
        shop = Shop(tmp_path / "shop", server.base_url)
        shop.sell(rows)
        shop.build()
        shops.append(shop)
        report = shop.push()
        counted, sent = server.counted(), [one["rows"] for one in server.requests()]
    finally:
        server.stop()

    assert terms(report) == {"planned": 4, "accepted": 3, "suppressed_late": 1, "exit": 0}
    assert sum(sent[1:]) == 3
    assert counted == [one.order_id for place, one in enumerate(rows) if place != 2 or left == "counted"]


def suppress_beside(shop: Shop, one: str) -> None:
    """Suppress an e-mail without the lock, while a push runs."""
    with sqlite3.connect(shop.state.ledger) as connection:
        connection.execute(
            "insert into suppressed (id_schema, digest, reason, since) values ('EMAIL_SHA256', ?, 'test', '') "
            "on conflict do nothing",
            (one,),
        )
    connection.close()
