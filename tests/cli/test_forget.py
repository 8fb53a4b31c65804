"""`pusher forget`: people are gone from every audience and from what waits, and nothing but a digest is kept."""

from __future__ import annotations

import json
import re
import shutil
from pathlib import Path

from pusher.project.outcomes import Patience
from tests.cli.forgetting import (
    AUDIENCES,
    DEVICE,
    DOTLESS,
    EMAIL,
    NUMBER,
    ONLY_OTHER,
    OTHER,
    PHONE,
    PLAIN,
    Forgot,
    People,
    held,
    leaks,
    rows_of_files,
    waiting,
)
from tests.push.members import ADVERTISER, AudienceServer, digest, serving_audiences, stored
from tests.push.support import Order, orders


def test_a_person_in_three_audiences_is_gone_from_all(tmp_path: Path, server: AudienceServer) -> None:
    """Case C19: two forms of one address and a number, in three audiences; all are taken out, and stay out."""
    shop = People(tmp_path / "shop", server.base_url)
    shop.push()
    before = held(server)
    done = shop.forget(f"{EMAIL}\r\n\n{PHONE}\n{DEVICE}\n", "--stdin", "--json")
    after = held(server)
    report = shop.push()
    body = json.loads(done.stdout)
    for one in body["audiences"]:
        del one["audience_id"], one["request_ids"]

    assert {name: len(members) for name, members in before.items()} == {"plain": 2, "dotless": 2, "numbers": 2}
    assert after == ONLY_OTHER
    assert held(server) == ONLY_OTHER
    assert [(one.counts.suppressed, one.counts.adds, one.counts.deletes) for one in report.audiences] == [(1, 0, 0)] * 3
    assert {name: rows for name, rows in report.models[0].terms.items() if rows} == {"already_sent": 3, "suppressed": 1}
    assert re.fullmatch("[0-9TZ]+-[0-9a-f]{6}", body.pop("run_id"))
    audience = {
        "advertiser_id": ADVERTISER, "held": 1, "deleted": 1, "pending_deletes": 0, "unknown_deletes": 6,
        "pending_unknown_deletes": 0,
    }  # fmt: skip
    assert body == {
        "schema_version": 1,
        "command": "forget",
        "exit_code": 0,
        "errors": [],
        "target": "dev",
        "base_url": server.base_url,
        "given": {"email": 1, "phone": 1, "device": 1},
        "digests": [
            {"kind": "email", "profile": "events_2_0", "digests": 1},
            {"kind": "email", "profile": "audience_2026", "digests": 1},
            {"kind": "email", "profile": "audience_2025_dots", "digests": 1},
            {"kind": "phone", "profile": "every profile", "digests": 1},
            {"kind": "device", "profile": "events_2_0", "digests": 2},
            {"kind": "device", "profile": "audiences", "digests": 2},
        ],
        "unusable_lines": [],
        "new": 7,
        "audiences": [
            {"model": "audience_dotless", "name": "dotless", **audience},
            {"model": "audience_numbers", "name": "numbers", **audience},
            {"model": "audience_plain", "name": "plain", **audience},
        ],
        "events": {"dropped": {}, "in_doubt": {}},
        "notices": [
            "Events that TikTok accepted before cannot be recalled; the ledger does not know whose they were.",
            "Only the ledger of this target was asked: forget them with each other target and state folder too.",
        ],
    }
    devices = {(kind, digest(text)) for kind in ("IDFA_SHA256", "AAID_SHA256") for text in (DEVICE, DEVICE.lower())}
    assert set(shop.ledger("select id_schema, digest from suppressed where reason = 'forget'")) == {
        ("EMAIL_SHA256", PLAIN),
        ("EMAIL_SHA256", DOTLESS),
        ("PHONE_SHA256", NUMBER),
        *devices,
    }


def test_nothing_but_the_ledger_knows_whom(tmp_path: Path, server: AudienceServer) -> None:
    """No value stands in an output or a file in any form, and no digest outside the ledger's one table."""
    shop = People(tmp_path / "shop", server.base_url)
    # So many others that what is known of members is not merged anyway.
    with (shop.root / "members.csv").open("a") as stream:
        stream.writelines(f"{name},{digest(f'{name} {one}')}\n" for name in AUDIENCES for one in range(20))
    shop.build()
    shop.push(patience=Patience(deadline_s=0.0))
    shop.push()
    shop.sell([*orders(3), Order("order-of-jane", digest=PLAIN), Order("another", digest=PLAIN)])
    shop.build()
    shop.push(patience=Patience(deadline_s=0.0))
    done = [shop.forget_beside(f"{EMAIL}\n{PHONE}\n", "--stdin", *more) for more in ((), ("--json",), ("--quiet",))]
    shop.push()
    outputs = [text for one in done for text in (one.stdout, one.stderr)]
    rows = b"".join(repr(row).encode() for row in rows_of_files(shop.state.root))
    files = [path.read_bytes() for path in shop.state.root.rglob("*") if path.is_file()]
    target = [path.read_bytes() for path in (shop.root / "target").rglob("*") if path.is_file()]
    dump = "\n".join(
        repr(row)
        for (table,) in shop.ledger("select name from sqlite_master where type = 'table' and name <> 'suppressed'")
        for row in shop.ledger(f"select * from {table}")
    ).encode()

    values = {"e-mail": EMAIL, "address": EMAIL.lower(), "phone": PHONE, "number": "+442079460123", "local": "7946"}
    digests = {"plain": PLAIN, "dotless": DOTLESS, "number": NUMBER}
    assert [one.returncode for one in done] == [0, 0, 0], done[0].stderr
    assert leaks(values | digests, *outputs, rows, dump, *target) == []
    assert leaks({name: value for name, value in values.items() if name != "local"}, *files) == []


def test_rows_that_wait_are_dropped(tmp_path: Path, server: AudienceServer) -> None:
    """A frozen event of theirs is counted, loses its identifiers at once, and is never sent."""
    shop = People(tmp_path / "shop", server.base_url)
    shop.push(patience=Patience(deadline_s=0.0))
    _, done = shop.project().forget([EMAIL])
    waiting = b"".join(repr(row).encode() for row in rows_of_files(shop.state.outbox))
    report = shop.push()

    assert done is not None
    assert (done.exit_code, done.dropped, done.in_doubt) == (0, {"tiktok_offline_events": 1}, {})
    assert leaks({"plain": PLAIN}, waiting) == []
    resumed = {name: rows for name, rows in report.models[0].resumed.items() if rows}
    assert resumed == {"planned": 3, "accepted": 3}
    assert shop.keys() == [("accepted", 3)]


def test_reconcile_sends_no_event(tmp_path: Path, server: AudienceServer) -> None:
    """It tells audiences everything again; rows of events wait for `push`."""
    shop = People(tmp_path / "shop", server.base_url)
    shop.push(patience=Patience(deadline_s=0.0))
    report = shop.project().reconcile()
    counted = server.counted()

    assert ([one.model for one in report.audiences], report.models, counted) == (
        sorted(f"audience_{name}" for name in AUDIENCES), [], [],
    )  # fmt: skip


def test_a_running_push_is_not_waited_for(tmp_path: Path, server: AudienceServer) -> None:
    """Whoever holds the lock: they are suppressed at once, and the exit code says that a push has to follow."""
    shop = People(tmp_path / "shop", server.base_url)
    shop.push()
    with shop.state.locked():
        done = shop.forget(EMAIL, "--stdin", "--json")
        suppressed = shop.ledger("select count(*) from suppressed")
    report = shop.push()
    body = json.loads(done.stdout)

    assert (done.returncode, body["run_id"], body["new"], suppressed) == (4, None, 2, [(2,)])
    assert body["errors"][0]["message"] == ("They are suppressed for ever, and another run of this target is at work.")
    assert [one.deleted for one in report.audiences] == [1, 0, 1]


def test_somebody_forgotten_while_members_are_sent_is_not_added(tmp_path: Path, server: AudienceServer) -> None:
    """Fault 58: no add of the person after the next chunk; whoever was added already is taken out in this run."""
    shop = People(tmp_path / "shop", server.base_url)
    done: list[Forgot] = []

    def forget_meanwhile() -> bool:
        if not done and shop.state.ledger.exists() and any(held(server).values()):
            done.append(shop.forget_beside(f"{EMAIL}\n{PHONE}\n", "--stdin"))
        return False

    report = shop.push(should_stop=forget_meanwhile)

    assert [one.returncode for one in done] == [4]
    assert held(server) == ONLY_OTHER
    assert [(one.pending_adds, one.pending_deletes) for one in report.audiences] == [(0, 0)] * 3


def test_without_a_push_the_next_one_takes_them_out(tmp_path: Path, server: AudienceServer) -> None:
    """`--no-push` sends nothing and says who is still in which audience."""
    shop = People(tmp_path / "shop", server.base_url)
    shop.push()
    done = shop.forget(EMAIL, "--stdin", "--no-push")
    between = {name: len(members) for name, members in held(server).items()}
    left = list(shop.state.outbox.iterdir())
    frozen: dict[str, int] = {}

    def look() -> bool:
        frozen.update(
            {path.name: path.stat().st_mode & 0o777 for path in shop.state.outbox.glob("*.changes/*.parquet")}
        )
        return False

    shop.push(should_stop=look)

    assert (left, frozen) == ([], {"delete.parquet": 0o600, "delete-unknown.parquet": 0o600})
    assert (done.returncode, between) == (4, {"plain": 2, "dotless": 2, "numbers": 2})
    assert done.stdout.decode() == (
        "forgotten\n"
        "          1  email\n"
        "digests that are suppressed for ever\n"
        "          1  email, events_2_0\n"
        "          1  email, audience_2026\n"
        "          1  email, audience_2025_dots\n"
        "          2  of them new\n"
        "held by audiences: the next `pusher push` takes them out\n"
        f"          1  dotless, advertiser {ADVERTISER}\n"
        f"          1  plain, advertiser {ADVERTISER}\n"
        "told to leave audiences by the next `pusher push`, in case somebody else put them there\n"
        f"          1  dotless, advertiser {ADVERTISER}\n"
        f"          2  numbers, advertiser {ADVERTISER}\n"
        f"          1  plain, advertiser {ADVERTISER}\n"
        "no event of theirs waited to be sent\n"
        "Events that TikTok accepted before cannot be recalled; the ledger does not know\n"
        "whose they were.\n"
        "Only the ledger of this target was asked: forget them with each other target and\n"
        "state folder too.\n"
    )
    assert {name: len(members) for name, members in held(server).items()} == {"plain": 1, "dotless": 1, "numbers": 2}


def test_what_may_have_arrived_is_told_apart(tmp_path: Path) -> None:
    """A request got no answer: the row is not sent again, the others are, and nobody says that it never arrived."""
    lost = {"match": {"path": "event/track/"}, "do": "drop_after_accept", "times": 8}
    with serving_audiences(tmp_path, [lost]) as server:
        shop = People(tmp_path / "shop", server.base_url)
        shop.push()
        done = shop.forget(EMAIL, "--stdin", "--json")
        waiting = b"".join(repr(row).encode() for row in rows_of_files(shop.state.outbox))
        report = shop.push()

    assert json.loads(done.stdout)["events"] == {"dropped": {}, "in_doubt": {"tiktok_offline_events": 1}}
    assert leaks({"plain": PLAIN}, waiting) == []
    resumed = {name: rows for name, rows in report.models[0].resumed.items() if rows}
    assert resumed == {"planned": 3, "accepted": 3}
    assert shop.keys() == [("accepted", 3), ("suppressed", 1)]


def test_a_person_is_gone_from_an_audience_that_no_view_fills_any_more(tmp_path: Path, server: AudienceServer) -> None:
    """Another audience was adopted in its place: the one before is told too, and nothing of them is kept."""
    shop = People(tmp_path / "shop", server.base_url)
    shop.push()
    (before,) = (one["audience_id"] for one in server.audiences() if one["name"] == "plain")
    adopted = server.make("another")
    shop.project().audiences.adopt("audience_plain", adopted)
    shop.push()
    done = shop.forget(EMAIL, "--stdin", "--json")

    taken_out = {one["audience_id"]: one["deleted"] for one in json.loads(done.stdout)["audiences"]}
    assert (done.returncode, taken_out[before], taken_out[adopted]) == (0, 1, 1)
    assert server.members(before) == server.members(adopted) == ONLY_OTHER["plain"]
    assert leaks({"plain": PLAIN}, b"".join(repr(row).encode() for row in rows_of_files(shop.state.root))) == []


def test_a_damaged_lock_file_stops_nobody_from_being_forgotten(tmp_path: Path, server: AudienceServer) -> None:
    """Every audience of the ledger is told; that others may be missing is a finding."""
    shop = People(tmp_path / "shop", server.base_url)
    shop.push()
    (shop.root / "audiences.lock.yml").write_text("targets: [\n")
    done = shop.forget(f"{EMAIL}\n{PHONE}\n", "--stdin", "--json")
    (error,) = json.loads(done.stdout)["errors"]

    assert (done.returncode, held(server)) == (1, ONLY_OTHER)
    assert error["message"].endswith("Audiences that only it names were not told.")
    assert error["fix"].endswith("Then forget them again.")


def only_other(root: Path) -> None:
    """Let the views name nobody but somebody else."""
    (root / "members.csv").write_text("audience,digest\n" + "".join(f"{name},{OTHER}\n" for name in AUDIENCES))


def told(server: AudienceServer) -> int:
    """Return how many requests about members there were."""
    return sum(one["path"] == "/segment/mapping/" for one in server.requests())


def test_whom_another_system_put_into_an_audience_is_gone_too(tmp_path: Path, server: AudienceServer) -> None:
    """The ledger knows nobody, every audience is told, and nobody is told twice; what is known stays as it was."""
    shop = People(tmp_path / "shop", server.base_url)
    only_other(shop.root)
    shop.build()
    shop.push()
    (plain,) = (one["audience_id"] for one in server.audiences() if one["name"] == "plain")
    server.change(plain, "add", [PLAIN])
    done = shop.forget(EMAIL, "--stdin")
    gone, requests = held(server), told(server)
    report = shop.push()
    summary = shop.project().ledger.summary()
    assert summary is not None

    assert (done.returncode, gone, told(server)) == (0, ONLY_OTHER, requests)
    assert done.stdout.decode().splitlines()[7:12] == [
        "no audience was known to hold them",
        "told to leave audiences, in case somebody else put them there",
        f"          2  dotless, advertiser {ADVERTISER}",
        f"          2  numbers, advertiser {ADVERTISER}",
        f"          2  plain, advertiser {ADVERTISER}",
    ]
    assert [(one.counts.known, one.counts.deletes, one.counts.unknown_deletes) for one in report.audiences] == [
        (1, 0, 0)
    ] * 3
    assert [(one["inside"], one["maybe"], one["outside"]) for one in summary.audiences] == [(1, 0, 0)] * 3
    assert leaks({"plain": PLAIN}, b"".join(repr(row).encode() for row in rows_of_files(shop.state.root))) == []


def test_a_ledger_that_was_lost_forgets_by_the_lock_file(tmp_path: Path, server: AudienceServer) -> None:
    """A new machine knows the audiences from the committed file alone, and tells each of them."""
    shop = People(tmp_path / "shop", server.base_url)
    shop.push()
    shutil.rmtree(shop.state.root)
    done = shop.forget(f"{EMAIL}\n{PHONE}\n", "--stdin", "--json")
    audiences = json.loads(done.stdout)["audiences"]

    assert (done.returncode, held(server)) == (0, ONLY_OTHER)
    assert [(one["name"], one["held"], one["unknown_deletes"]) for one in audiences] == [
        ("dotless", 0, 3), ("numbers", 0, 3), ("plain", 0, 3),
    ]  # fmt: skip


def test_an_audience_that_is_adopted_later_is_told_of_people_forgotten_before(
    tmp_path: Path, server: AudienceServer
) -> None:
    """Whoever filled it before may have put them there: the push that finds it takes them out in the same run."""
    shop = People(tmp_path / "shop", server.base_url)
    only_other(shop.root)
    shop.build()
    shop.forget(EMAIL, "--stdin")
    theirs = server.make("plain")
    server.change(theirs, "add", [PLAIN, digest("somebody of theirs")])
    report = shop.push()

    assert server.members(theirs) == {stored("EMAIL_SHA256", one) for one in (OTHER, digest("somebody of theirs"))}
    assert [(one.name, one.counts.unknown_deletes, one.is_settled) for one in report.audiences] == [
        ("dotless", 0, True), ("numbers", 0, True), ("plain", 2, True),
    ]  # fmt: skip


def test_an_audience_that_was_deleted_at_tiktok_stops_nobody_from_being_forgotten(
    tmp_path: Path, server: AudienceServer
) -> None:
    """TikTok refuses the request and lists it no more, so nobody is in it, and it is not told again."""
    shop = People(tmp_path / "shop", server.base_url)
    shop.push()
    (plain,) = (one["audience_id"] for one in server.audiences() if one["name"] == "plain")
    server.delete(plain)
    done = shop.forget(f"{EMAIL}\n{PHONE}\n", "--stdin")
    again = shop.forget(f"{EMAIL}\n{PHONE}\n", "--stdin")
    gone = f"Advertiser {ADVERTISER} has no audience {plain}, `plain`, any more, so nobody is in it."

    assert (done.returncode, again.returncode) == (0, 0)
    assert held(server) == {name: members for name, members in ONLY_OTHER.items() if name != "plain"}
    assert gone in " ".join(done.stderr.decode().split())


def test_a_request_that_was_lost_is_told_by_the_next_push(tmp_path: Path) -> None:
    """Whom the ledger did not know is in doubt from then on, and the exit code says that somebody may still be in."""
    with serving_audiences(tmp_path) as server:
        shop = People(tmp_path / "shop", server.base_url)
        only_other(shop.root)
        shop.build()
        shop.push()
        (plain,) = (one["audience_id"] for one in server.audiences() if one["name"] == "plain")
        server.change(plain, "add", [PLAIN])
        server.script([{"match": {"path": "segment/mapping/"}, "do": "500", "times": 40}])
        _, done = shop.project().forget([EMAIL])
        before = waiting(shop)
        server.script([])
        report = shop.push()

        assert done is not None
        assert (done.exit_code, before) == (4, {"plain": 2, "dotless": 2, "numbers": 2})
        assert (report.exit_code, held(server), waiting(shop)) == (0, ONLY_OTHER, {})


def test_an_audience_whose_view_is_gone_is_not_taken_for_one_of_another_method(
    tmp_path: Path, server: AudienceServer
) -> None:
    """A new ledger has only the lock file, which does not say how it is filled: it is named, the others are told."""
    shop = People(tmp_path / "shop", server.base_url)
    shop.push()
    (plain,) = (one["audience_id"] for one in server.audiences() if one["name"] == "plain")
    shutil.rmtree(shop.state.root)
    view = shop.root / "models" / "audience_plain.sql"
    text = view.read_text()
    view.unlink()
    done = shop.forget(f"{EMAIL}\n{PHONE}\n", "--stdin", "--json")
    others = {name: members for name, members in held(server).items() if name != "plain"}
    view.write_text(text)
    again = shop.forget(f"{EMAIL}\n{PHONE}\n", "--stdin")
    (error,) = json.loads(done.stdout)["errors"]

    assert (done.returncode, error["code"], error["message"]) == (
        1,
        "audience-unclear",
        (
            "audiences.lock.yml names audiences of views whose settings cannot be read: "
            f"{plain} of advertiser {ADVERTISER} (audience_plain)."
        ),
    )
    assert others == {name: members for name, members in ONLY_OTHER.items() if name != "plain"}
    assert (again.returncode, held(server)) == (0, ONLY_OTHER)
