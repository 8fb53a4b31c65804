"""Alerts of pushes: who is told of what, what they are told, and that the push ends as it would have."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.cli.conftest import CANARIES, Ran, pusher
from tests.cli.conftest import Shop as CanaryShop
from tests.push.members import AudienceServer, Club, digest, people
from tests.push.support import NOW, VIEW, Order, Shop, orders
from tests.transport.conftest import Loopback, Visit

TOLD = "told.jsonl"
WRITES = f"import sys; open('{TOLD}', 'a').write(sys.stdin.read() + chr(10))"
PATH = "services/T0/canary-of-a-path"


@pytest.fixture
def hook(monkeypatch: pytest.MonkeyPatch) -> Iterator[Loopback]:
    """A webhook on loopback whose URL stands in the environment."""

    def script(visit: Visit) -> None:
        visit.read_request()
        visit.socket.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok")

    found = Loopback(script)
    monkeypatch.setenv("ALERT_URL", f"http://127.0.0.1:{found.port}/{PATH}")
    yield found
    found.stop()


def policy(root: Path, *events: str, **more: Any) -> None:
    """Let a command and a webhook be told of some events."""
    channels = [{"command": [sys.executable, "-c", WRITES]}, {"webhook": "{{ env_var('ALERT_URL') }}"}]
    # JSON is YAML.
    (root / "pusher.yml").write_text(json.dumps({"alerts": {f"on_{event}": channels for event in events}, **more}))


def told(root: Path) -> list[dict[str, Any]]:
    """Return what the command was told."""
    path = root / TOLD
    return [json.loads(line) for line in path.read_text().splitlines()] if path.exists() else []


def texts(hook: Loopback) -> list[str]:
    """Return what the webhook was told."""
    return [json.loads(body)["text"] for _, body in hook.requests]


def selling(tmp_path: Path, server: AudienceServer) -> Shop:
    """Return a built shop that tells of everything."""
    shop = Shop(tmp_path / "shop", server.base_url, requests_per_second=1000)
    shop.sell(orders(12))
    shop.build()
    policy(shop.root, "failure", "success", "findings")
    return shop


def run(shop: Shop, *words: str) -> Ran:
    """Run a command on a shop."""
    return pusher(*words, "--project-dir", str(shop.root), "--clock", NOW.isoformat())


def test_a_push_that_failed_tells_everybody_what_to_do(tmp_path: Path, server: AudienceServer, hook: Loopback) -> None:
    """Class, step, counts, next steps, and the command that shows the run; kept with the run."""
    shop = selling(tmp_path, server)
    server.script([{"do": 40300, "message": "No such advertiser canary@shop.example", "times": None}])

    ran = run(shop, "push", "--json")

    run_id = ran.json["run_id"]
    assert (ran.code, ran.err) == (3, "")
    (summary,) = told(shop.root)
    assert summary.pop("started_at")
    assert summary.pop("finished_at").startswith("2026-11-20T12:0")
    assert summary == {
        "schema_version": 1,
        "event": "failure",
        "project": "shop",
        "target": "dev",
        "command": "push",
        "run_id": run_id,
        "exit_code": 3,
        "failed_step": {"step": "deliver", "model": VIEW, "state": "failed"},
        "errors": [
            {
                "class": "advertiser-not-found", "title": "Advertiser not found", "code": "tiktok-config",
                "return_code": 40300, "model": VIEW, "rows": None,
            }
        ],
        "models": [
            {
                "model": VIEW, "view_rows": 12, "accepted": 0, "already_sent": 0, "pending": 12, "parked": 0, "dead": 0,
                "invalid": 0, "no_identity": 0, "expired": 0,
            }
        ],
        "audiences": [],
        "next_steps": [
            {"number": 1, "title": "Review what the destination and the model's template say", "who": "person"},
            {"number": 2, "title": "Check the account in TikTok's Business Center", "who": "person"},
            {"number": 3, "title": "Check the user's role in TikTok's Business Center", "who": "person"},
            {"number": 4, "title": "Look again at everything that a push needs", "who": "tool"},
            {"number": 5, "title": "Go on: run it again with the same selection", "who": "tool"},
        ],
        "show": f"pusher status {run_id} --target dev",
    }  # fmt: skip
    (text,) = texts(hook)
    assert text == (
        "pusher push of shop (dev): did not finish (exit code 3)\n"
        f"Step deliver of {VIEW}: failed\n"
        f"Advertiser not found ({VIEW}): 40300\n"
        f"{VIEW}: 12 rows; 12 pending\n"
        "1. Review what the destination and the model's template say\n"
        "2. Check the account in TikTok's Business Center\n"
        "3. Check the user's role in TikTok's Business Center\n"
        "4. Look again at everything that a push needs\n"
        "5. Go on: run it again with the same selection\n"
        f"See: pusher status {run_id} --target dev"
    )
    page = run(shop, "status", run_id, "--json").json
    assert [(one["event"], one["channel"], one["target"], one["failure"]) for one in page["alerts"]] == [
        ("failure", "command", Path(sys.executable).name, None),
        ("failure", "webhook", f"http://127.0.0.1:{hook.port}/****", None),
    ]
    assert f"told webhook http://127.0.0.1:{hook.port}/****" in run(shop, "status", run_id).out


def test_each_end_has_its_own_listeners(tmp_path: Path, server: AudienceServer, hook: Loopback) -> None:
    """Success when everything is settled, also when nothing was due; findings when rows are refused."""
    shop = selling(tmp_path, server)
    policy(shop.root, "success")
    assert run(shop, "push").code == 0
    assert run(shop, "push").code == 0
    rows = orders(13)
    rows[12].amount = "-1"
    shop.sell(rows)
    assert run(shop, "push").code == 1
    policy(shop.root, "findings")
    assert run(shop, "push").code == 1

    assert [(one["event"], one["exit_code"]) for one in told(shop.root)] == [
        ("success", 0), ("success", 0), ("findings", 1),
    ]  # fmt: skip
    findings = f"The contract refused rows ({VIEW}): value-negative, 1 row"
    assert [text.splitlines()[:2] for text in texts(hook)] == [
        ["pusher push of shop (dev): everything is settled (exit code 0)", f"{VIEW}: 12 rows; 12 accepted"],
        ["pusher push of shop (dev): everything is settled (exit code 0)", f"{VIEW}: 12 rows; nothing was due"],
        ["pusher push of shop (dev): finished with findings (exit code 1)", findings],
    ]  # fmt: skip


def test_a_dry_run_tells_nobody(tmp_path: Path, server: AudienceServer, hook: Loopback) -> None:
    """Nothing was sent, whatever it found."""
    shop = selling(tmp_path, server)
    assert run(shop, "push", "--dry-run").code == 0
    (shop.root / "shop.duckdb").unlink()
    assert run(shop, "push", "--dry-run").code == 2
    assert (told(shop.root), hook.requests) == ([], [])


def test_an_alert_that_fails_changes_nothing_of_the_push(
    tmp_path: Path, server: AudienceServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is said on stderr and kept with the run, without the secret path."""
    monkeypatch.setenv("ALERT_URL", f"http://127.0.0.1:9/{PATH}")
    shop = selling(tmp_path, server)

    ran = run(shop, "push", "--json")

    said = "warning: the alert to webhook http://127.0.0.1:9/**** was not sent. 127.0.0.1:9 refused the connection.\n"
    assert (ran.code, ran.json["exit_code"], ran.err) == (0, 0, said)
    alerts = run(shop, "status", "last", "--json").json["alerts"]
    assert [one["failure"] for one in alerts] == [None, "127.0.0.1:9 refused the connection."]
    assert "could not tell webhook http://127.0.0.1:9/****" in run(shop, "status", "last").out.replace("\n  ", " ")
    assert PATH.encode() not in shop.state.ledger.read_bytes()


def test_what_fails_before_the_ledger_is_told_all_the_same(
    tmp_path: Path, server: AudienceServer, hook: Loopback
) -> None:
    """A broken model on the first day, a broken profile, another run at work: no run to show, and still an alert."""
    shop = selling(tmp_path, server)
    (shop.root / "shop.duckdb").rename(tmp_path / "shop.duckdb")
    model = shop.root / "models" / f"{VIEW}.sql"
    text = model.read_text()
    model.write_text(text.replace("{{ source", "{{ sorce"))
    assert run(shop, "push").code == 2
    model.write_text(text)
    profile = (shop.root / "profiles.yml").read_text()
    (shop.root / "profiles.yml").write_text("shop: [")
    assert run(shop, "push").code == 2
    (shop.root / "profiles.yml").write_text(profile)
    shop.state.create()
    with shop.state.locked():
        assert run(shop, "push").code == 6

    found = told(shop.root)
    assert [(one["exit_code"], one["target"], one["run_id"], one["show"]) for one in found] == [
        (2, "dev", None, None), (2, None, None, None), (6, "dev", None, None),
    ]  # fmt: skip
    assert [one["errors"][0]["class"] for one in found] == ["project", "project", "another-run"]
    assert len(texts(hook)) == 3


def test_without_a_policy_that_can_be_read_nobody_is_told(
    tmp_path: Path, server: AudienceServer, hook: Loopback
) -> None:
    """The file that names the listeners is the broken one, or there is no project at all."""
    shop = selling(tmp_path, server)
    (shop.root / "pusher.yml").write_text("alerts: [")
    assert run(shop, "push").code == 2
    assert pusher("push", "--project-dir", str(tmp_path / "nowhere")).code == 2
    assert (told(shop.root), hook.requests) == ([], [])


def test_a_defect_is_told_too(
    tmp_path: Path, server: AudienceServer, hook: Loopback, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whoever sleeps while cron works learns of it; the traceback stays on stderr."""
    shop = selling(tmp_path, server)
    monkeypatch.setattr("pusher.push.run._account", lambda *_words, **_more: 1 / 0)
    ran = run(shop, "push")
    (summary,) = told(shop.root)
    assert (ran.code, summary["exit_code"], summary["errors"][0]["class"]) == (70, 70, "internal")
    assert "Traceback" not in json.dumps(summary) + texts(hook)[0]
    page = run(shop, "status", "last", "--json").json
    assert [(one["class"], one["message"]) for one in page["failures"]] == [
        ("internal", "pusher has a defect: ZeroDivisionError.")
    ]
    assert [one["name"] for one in page["actions"]] == ["report-defect", "restart"]


def test_ctrl_c_in_an_alert_leaves_the_exit_code(
    tmp_path: Path, server: AudienceServer, hook: Loopback, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The push has ended by then; only the alert is cut short."""
    shop = selling(tmp_path, server)

    def interrupted(*_words: object, **_more: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("pusher.alerts.run_command", interrupted)
    ran = run(shop, "push")
    assert (ran.code, ran.err.splitlines()[-1]) == (0, "warning: Ctrl-C cut the alerts short.")
    assert hook.requests == []


def test_a_push_without_a_ledger_names_no_run(tmp_path: Path, server: AudienceServer, hook: Loopback) -> None:
    """Nobody could look at it; the errors are told by what the push itself knows."""
    shop = selling(tmp_path, server)
    shop.sell([Order("order-1", at="2026-11-20 10:00:00")])
    server.script([{"do": 40105, "times": None}])
    ran = run(shop, "push", "--stateless")
    (summary,) = told(shop.root)
    assert (ran.code, "pusher status" in ran.err) == (3, False)
    assert (summary["run_id"], summary["show"], summary["errors"][0]["class"]) == (None, None, "invalid-credentials")
    assert len(texts(hook)) == 1


def test_a_ledger_that_cannot_be_read_after_the_push_still_lets_people_be_told(
    tmp_path: Path, server: AudienceServer, hook: Loopback, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What the push itself knows is told."""
    from pusher.errors import Problem, StateError

    shop = selling(tmp_path, server)
    server.script([{"do": 40105, "times": None}])

    def unreadable(*_words: object, **_more: object) -> None:
        raise StateError(Problem("ledger", "It cannot be read."))

    monkeypatch.setattr("pusher.project.facade.Project.run_page", unreadable)
    monkeypatch.setattr("pusher.ledger.opening.open_beside", unreadable)
    assert run(shop, "push").code == 3
    (summary,) = told(shop.root)
    assert [one["class"] for one in summary["errors"]] == ["invalid-credentials"]
    assert len(texts(hook)) == 1


def test_audiences_are_told_in_numbers(tmp_path: Path, server: AudienceServer, hook: Loopback) -> None:
    """No digest, no name of a person; reconcile tells as push does."""
    club = Club(tmp_path / "shop", server.base_url, requests_per_second=1000)
    club.join(people(range(20)))
    policy(club.root, "success")
    assert run(club, "push").code == 0
    assert run(club, "audience", "reconcile").code == 0
    assert [one["command"] for one in told(club.root)] == ["push", "audience reconcile"]
    assert [one["audiences"][0]["added"] for one in told(club.root)] == [20, 20]
    assert texts(hook)[0].splitlines()[1] == "tiktok_audience_best at 7654321098765432109: 20 added"
    said = json.dumps(told(club.root)) + "".join(texts(hook))
    assert [number for number in range(20) if digest(f"email {number}") in said] == []


def test_no_canary_is_in_an_alert(shop: CanaryShop, hook: Loopback) -> None:
    """Raw, lower-case or hashed: nothing of a person reaches whoever is told."""
    import hashlib

    shop("build", "--quiet")
    policy(shop.root, "success", "findings", "failure")
    assert shop("push").code == 1
    said = (json.dumps(told(shop.root)) + "".join(texts(hook))).lower()
    assert said
    forms = [
        form for canary in CANARIES for form in (canary.lower(), hashlib.sha256(canary.lower().encode()).hexdigest())
    ]
    assert [form for form in forms if form in said] == []


# trials ---------------------------------------------------------------------------------------------------------------


def test_a_trial_goes_to_everybody(tmp_path: Path, server: AudienceServer, hook: Loopback) -> None:
    """Each once, with words that nobody takes for a failure."""
    shop = selling(tmp_path, server)
    ran = run(shop, "debug", "--send-alerts")
    assert ran.code == 0
    assert "ok      alerts    2 who may be told" in ran.out
    assert f"  told webhook http://127.0.0.1:{hook.port}/****" in ran.out
    assert told(shop.root) == [{"schema_version": 1, "event": "trial", "project": "shop", "target": "dev"}]
    assert texts(hook) == ["pusher: a trial alert of shop. Nothing happened, and nothing has to be done."]


def test_a_trial_that_fails_ends_with_2(
    tmp_path: Path, server: AudienceServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """So does a variable that is not set, which is told without trying."""
    shop = selling(tmp_path, server)
    monkeypatch.setenv("ALERT_URL", f"http://127.0.0.1:9/{PATH}")
    ran = run(shop, "debug", "--send-alerts", "--json")
    assert (ran.code, [one["failure"] for one in ran.json["alerts"]]) == (
        2, [None, "127.0.0.1:9 refused the connection."],
    )  # fmt: skip
    monkeypatch.delenv("ALERT_URL")
    missing = run(shop, "debug")
    assert (missing.code, "The environment variable ALERT_URL is not set." in missing.out) == (2, True)


def test_without_alerts_a_trial_says_so(tmp_path: Path, server: AudienceServer) -> None:
    """Nobody was told."""
    shop = selling(tmp_path, server)
    (shop.root / "pusher.yml").unlink()
    ran = run(shop, "debug", "--send-alerts")
    assert (ran.code, "nobody is told how a push ends" in ran.out, "nobody was told" in ran.out) == (0, True, True)
