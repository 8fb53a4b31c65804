"""What ends a command with which exit code, and what is said of wrong words and options."""

from __future__ import annotations

import json
import socket
import subprocess
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pytest

from pusher.ledger.state import StateFolder
from tests.cli.conftest import ENVELOPE, MAIN, VIEW, Shop, pusher
from tests.conftest import EVENT_SET, ProjectFactory


def test_the_main_job_ends_with_findings(shop: Shop) -> None:
    """Build and push work; the row that is no digest makes 1, and a second push sends nothing again."""
    built = shop("build", "--json").json
    first, second = shop("push", "--json"), shop("push", "--json")
    terms = ("view_rows", "planned", "accepted", "already_sent", "invalid", "no_identity", "expired", "pending")
    counts = [{term: ran.json["models"][0][term] for term in terms} for ran in (first, second)]
    assert (built["exit_code"], built["coverage"][0]["good"], first.code, second.code) == (0, 2, 1, 1)
    others = {"invalid": 1, "no_identity": 1, "expired": 1, "pending": 0}
    assert counts == [
        {"view_rows": 5, "planned": 2, "accepted": 2, "already_sent": 0, **others},
        {"view_rows": 5, "planned": 0, "accepted": 0, "already_sent": 2, **others},
    ]


def test_a_clean_push_ends_with_0(shop: Shop) -> None:
    """Rows that are too old or known already are no finding."""
    (shop.root / "models/offline.sql").write_text(VIEW + "where order_id in ('1', '3', '5')\n", encoding="utf-8")
    assert [shop("build").code, shop("push").code, shop("push").code] == [0, 0, 0]


def test_lint_findings_end_with_1(shop: Shop) -> None:
    """The raw address in the view is an error with its place."""
    ran = shop("lint", "--json")
    places = [(one["severity"], one["file"], one["line"]) for one in ran.json["findings"] if one["severity"] == "error"]
    assert (ran.code, places) == (1, [("error", "models/offline.sql", 6)])
    assert shop("lint", "--format", "json").out == ran.out


class _Refuses(BaseHTTPRequestHandler):
    def do_POST(self) -> None:
        self.rfile.read(int(self.headers["Content-Length"]))
        body = b'{"code": 40105, "message": "Access token is incorrect or has been revoked", "request_id": "r-1"}'
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *details: object) -> None:
        """Print nothing."""


@pytest.fixture
def refusing() -> Iterator[str]:
    """Return the base URL of a server that knows no token."""
    with HTTPServer(("127.0.0.1", 0), _Refuses) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}/open_api/v1.3"
        server.shutdown()
        thread.join()


def test_a_refused_token_ends_with_3(shop: Shop, refusing: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """TikTok's no is told apart from our own; the token is in no output, and the rows stay due."""
    monkeypatch.setenv("TIKTOK_ACCESS_TOKEN", "a-secret-token")
    shop("build")
    ran = shop("push", "--json", "--set", f"base_url={refusing}")
    model = ran.json["models"][0]
    assert (ran.code, model["accepted"], model["pending"], "a-secret-token" in ran.out + ran.err) == (3, 0, 2, False)
    assert shop("status", "--fail-if-pending").code == 4


def test_two_interrupts_leave_pending_rows(shop: Shop) -> None:
    """The second Ctrl-C ends at once with 130; the ledger knows what was in flight."""
    shop("build")
    with socket.create_server(("127.0.0.1", 0)) as server:
        url = f"http://127.0.0.1:{server.getsockname()[1]}/open_api/v1.3"
        words = ["push", "--project-dir", str(shop.root), "--set", f"base_url={url}"]
        with subprocess.Popen([*MAIN, *words], stderr=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
            connection, _ = server.accept()
            with connection:
                assert connection.recv(4) == b"POST"
                process.send_signal(2)
                assert process.stderr is not None
                while not process.stderr.readline().startswith("Stopping: "):
                    assert process.poll() is None
                process.send_signal(2)
                code = process.wait(20)
    assert (code, shop("status").code, shop("status", "--fail-if-pending").code) == (130, 0, 4)


def test_a_held_lock_ends_with_6(shop: Shop) -> None:
    """Another push of the same target is named, and nothing is sent."""
    shop("build")
    state = StateFolder(shop.root / ".pusher" / "dev")
    state.create()
    with state.locked():
        ran = shop("push", "--json")
    assert (ran.code, ran.json["exit_code"], len(ran.json["errors"])) == (6, 6, 1)


def test_a_defect_of_ours_ends_with_70_and_a_traceback(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    """What nobody foresaw is shown whole on stderr, and stdout is still one object."""

    def broken(*_: object) -> None:
        raise KeyError("defect")

    monkeypatch.setattr("pusher.project.facade.Project.wanted", broken)
    ran = shop("ls", "--json")
    assert (ran.code, ran.json["errors"][0]["code"], "Traceback" in ran.err) == (70, "internal", True)


def told(ran_json: dict[str, object]) -> list[tuple[object, ...]]:
    """Return code, file, line, column, message and fix of each error."""
    keys = ("code", "file", "line", "column", "message", "fix")
    errors = ran_json["errors"]
    assert isinstance(errors, list)
    return [tuple(error[key] for key in keys) for error in errors]


USAGE = {
    "unknown option": (("ls", "--jso", "--json"), "No such option: --jso (Possible options: --json)"),
    "unknown command": (("lst", "--json"), "No such command 'lst'. Did you mean 'ls'?"),
    "missing argument": (("explain", "--json"), "Missing argument 'kind'."),
    "limit": (
        ("show", "x", "--limit", "0", "--json"),
        "Invalid value for '--limit': 0 is not in the range 1<=x<=1000.",
    ),
    "a guard that would guard nothing": (
        ("push", "--max-dead", "nan", "--json"),
        "Invalid value for '--max-dead': nan is not a number.",
    ),
    "no deadline": (("push", "--deadline", "NaN", "--json"), "Invalid value for '--deadline': nan is not a number."),
}


@pytest.mark.parametrize("case", list(USAGE))
def test_words_that_no_command_knows_are_errors_in_json_too(case: str) -> None:
    """Such an error comes before any command, and is one object all the same."""
    words, message = USAGE[case]
    ran = pusher(*words)
    assert (ran.code, list(ran.json), ran.json["command"]) == (2, ENVELOPE, words[0])
    assert told(ran.json) == [("usage", None, None, None, message, "See `pusher --help`.")]
    assert "Error: " in ran.err


OPTIONS = {
    "vars, no mapping": (
        ("ls", "--vars", "[a]"),
        ("usage", None, None, None, "--vars is not a mapping.", "Write it as '{name: value}'."),
    ),
    "vars, twice": (
        ("ls", "--vars", "{a: 1, a: 2}"),
        ("invalid-yaml", "--vars", 1, 8, "Key `a` is given twice.", "Keep one of them."),
    ),
    "vars, no YAML": (
        ("ls", "--vars", "{a: "),
        (
            "invalid-yaml",
            "--vars",
            1,
            5,
            "Not valid YAML: expected the node content, but found '<stream end>'.",
            "Fix the YAML at this place.",
        ),
    ),
    "set without a value": (
        ("push", "--set", "event_set_id"),
        (
            "usage",
            None,
            None,
            None,
            "--set `event_set_id` has no `=`.",
            "Write it as --set event_set_id=7654321098765432109.",
        ),
    ),
    "set of a token": (
        ("push", "--set", "access_token=x"),
        (
            "usage",
            None,
            None,
            None,
            "--set does not take the access token.",
            "Set TIKTOK_ACCESS_TOKEN instead.",
        ),
    ),
    "clock": (
        ("push", "--clock", "noon"),
        ("usage", None, None, None, "--clock is not a moment.", "Write it as 2026-11-20T06:00:00Z."),
    ),
    "clock out of time": (
        ("push", "--clock", "0001-01-01T00:00:00+14:00"),
        ("usage", None, None, None, "--clock lies outside 1980 to 2999.", "Write it as 2026-11-20T06:00:00Z."),
    ),
    "clock for the real API": (
        ("push", "--clock", "2026-11-20", "--set", "base_url=https://business-api.tiktok.com/open_api/v1.3"),
        (
            "clock-refused",
            None,
            None,
            None,
            "--clock is for the sandbox and for loopback only: ages decide what is sent.",
            "Leave --clock out, or push to the sandbox.",
        ),
    ),
    "target": (
        ("ls", "--target", "dv"),
        ("no-profile", "profiles.yml", 4, 5, "Target `dv` is not in profiles.yml.", "Did you mean `dev`?"),
    ),
    "source id": (
        ("push", "--set", "event_set_id=123"),
        (
            "wrong-value",
            None,
            None,
            None,
            "--set: `event_set_id` is not in its form, [0-9]{19}.",
            "Offline event set that receives the event: 19 digits as text; it must exist already.",
        ),
    ),
    "no ledger": (
        ("status", "--sql", "select 1"),
        ("no-ledger", None, None, None, "Nothing was pushed with this target yet.", "Run `pusher push`."),
    ),
    "format": (
        ("lint", "--format", "xml"),
        ("usage", None, None, None, "--format xml is not known.", "Use text, json, github, sarif or markdown."),
    ),
}


@pytest.mark.parametrize("case", list(OPTIONS))
def test_a_wrong_option_ends_with_2_and_nothing_is_sent(shop: Shop, case: str) -> None:
    """What is wrong, where, and what to do: as text on stderr, and as one object under --json."""
    words, expected = OPTIONS[case]
    as_json, as_text = shop(*words, "--json"), shop(*words)
    assert (as_json.code, told(as_json.json), as_json.err) == (2, [expected], "")
    first = as_text.err.splitlines()[0]
    assert (as_text.code, as_text.out, first.startswith("error: "), str(expected[4]) in first) == (2, "", True, True)
    assert not (shop.root / ".pusher" / "dev" / "ledger.sqlite").exists()


def test_what_only_dbt_has_is_told_with_what_to_do_instead(shop: Shop) -> None:
    """Commands and options; as the fix under --json."""
    told, machine = pusher("run"), pusher("run", "--json")
    assert (told.code, told.err.splitlines()[-1]) == (2, "`pusher build` runs models, and their tests.")
    assert [(one["message"], one["fix"]) for one in machine.json["errors"]] == [
        ("No such command 'run'.", "`pusher build` runs models, and their tests.")
    ]
    assert shop("build", "--models", "offline").err.splitlines()[-1] == "Write --select."
    assert pusher("lst").err.splitlines()[-1].startswith("Error: No such command")


def test_a_selector_that_chooses_nothing_beside_others_is_told(shop: Shop) -> None:
    """It may be misspelt, and dbt warns too; nothing is said of one that chooses a test."""
    (shop.root / "models" / "tests.yml").write_text(
        "models: [{name: offline, columns: [{name: event_id, data_tests: [not_null]}]}]\n"
    )
    ran = shop("ls", "--select", "offline offlin", "--select", "tag:x,offline", "--exclude", "stg not_null_offline_*")
    assert (ran.code, ran.out) == (0, "offline\n")
    assert ran.err.splitlines() == [
        "`offlin` selects nothing. Did you mean `offline`?",
        "`tag:x` selects nothing.",
        "`stg` selects nothing.",
    ]
    told = shop("lint", "--select", "offline offlin").err.splitlines()
    assert "`offlin` selects nothing. Did you mean `offline`?" in told


def test_that_nothing_differs_from_a_saved_manifest_is_no_error(shop: Shop) -> None:
    """So a pull request that changes no model passes; a misspelt state is still an error."""
    shop("compile")
    (shop.root / "target" / "manifest.json").rename(shop.root / "manifest.json")
    for command, told in (("ls", ""), ("compile", ""), ("build", "built 0 models"), ("test", "")):
        ran = shop(command, "--select", "state:modified+ state:new", "--state", str(shop.root))
        assert (ran.code, ran.out.strip(), ran.err) == (
            0,
            told,
            "nothing that is selected differs from the saved manifest\n",
        )
    assert shop("ls", "--select", "state:modifed", "--state", str(shop.root)).code == 2


@pytest.mark.parametrize("words", [("ls", "--select", "offlin"), ("show", "offlin"), ("push", "--select", "offlin")])
def test_an_unknown_model_has_a_suggestion(shop: Shop, words: tuple[str, ...]) -> None:
    """The message names what was asked for, the fix what was meant."""
    ran = shop(*words, "--json")
    (error,) = ran.json["errors"]
    assert (ran.code, "`offlin`" in error["message"], "`offline`" in error["fix"]) == (2, True, True)


def test_a_folder_without_a_project_ends_with_2(tmp_path: Path) -> None:
    """Every command says so in the same way."""
    for command in ("ls", "compile", "lint", "build", "push", "status"):
        ran = pusher(command, "--project-dir", str(tmp_path), "--json")
        assert (ran.code, [error["code"] for error in ran.json["errors"]]) == (2, ["no-project"])


def test_show_before_build_says_what_to_run(shop: Shop) -> None:
    """A model that is not in the warehouse is no defect."""
    (error,) = shop("show", "offline", "--json").json["errors"]
    assert (error["code"], error["fix"]) == ("not-built", "Run `pusher build --select +offline` first.")


def test_a_build_that_fails_says_what_was_not_built_because_of_it(shop: Shop) -> None:
    """Behind the error; the rest is built."""
    (shop.root / "models" / "stg_orders.sql").write_text("select error('boom') as order_id")
    (shop.root / "models" / "offline.sql").write_text("select * from {{ ref('stg_orders') }}")
    (shop.root / "dbt_project.yml").write_text(
        (shop.root / "dbt_project.yml").read_text() + "\nmodels:\n  +materialized: table\n"
    )

    ran = shop("build")

    assert (ran.code, ran.err.splitlines()[-1]) == (2, "Not built because of this: offline.")


def test_a_build_that_fails_says_in_json_what_became_of_every_model_and_test(shop: Shop) -> None:
    """As far as it came: what is built, what failed and why, and what was skipped because of it."""
    (shop.root / "models" / "stg_orders.sql").write_text(
        "{{ config(materialized='table') }}select error('boom') as order_id"
    )
    (shop.root / "models" / "offline.sql").write_text("select * from {{ ref('stg_orders') }}")
    (shop.root / "models" / "alone.sql").write_text("select 1 as id")
    (shop.root / "models" / "tests.yml").write_text(
        "models:\n"
        "  - {name: alone, columns: [{name: id, data_tests: [not_null]}]}\n"
        "  - {name: offline, columns: [{name: order_id, data_tests: [not_null]}]}\n"
    )

    ran = shop("build", "--json")

    message = "A value in the data cannot be processed."
    assert (ran.code, [error["message"] for error in ran.json["errors"]]) == (2, [message])
    assert {one["model"]: (one["status"], one["message"]) for one in ran.json["models"]} == {
        "stg_orders": ("failed", message),
        "offline": ("skipped", ""),
        "alone": ("built", ""),
    }
    assert {one["name"]: one["status"] for one in ran.json["tests"]} == {
        "not_null_alone_id": "pass",
        "not_null_offline_order_id": "skipped",
    }
    assert ran.json["coverage"] == []


def test_an_id_of_bare_digits_is_refused(project: ProjectFactory) -> None:
    """YAML may have changed it already, so the fix is to quote it."""
    profiles = json.dumps(
        {
            "shop": {"target": "dev", "outputs": {"dev": {"type": "duckdb", "path": "shop.duckdb"}}},
            "pusher": {"dev": {"tiktok": {"base_url": "sandbox", "event_set_id": int(EVENT_SET)}}},
        }
    )
    root = project(
        {"profiles.yml": profiles, "models/offline.sql": VIEW.replace("{{ ref('stg_orders') }}", "(select 1)")}
    )
    ran = pusher("push", "--project-dir", str(root), "--json")
    fix = "Put it in quotes: YAML reads bare digits as a number, which can change them."
    assert [(error["message"], error["fix"]) for error in ran.json["errors"]] == [("`event_set_id` must be text.", fix)]
