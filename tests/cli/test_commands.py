"""Every command on a tiny shop: exit codes, the one JSON object, where things are printed, and what is never shown."""

from __future__ import annotations

import json
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import duckdb
import pytest

from pusher.ledger.state import StateFolder
from pusher.ledger.views import RELATIONS
from tests.cli.conftest import CANARIES, VIEW, Shop, pusher
from tests.conftest import EVENT_SET, ProjectFactory

COMMANDS = (
    "init", "ls", "compile", "config", "debug", "explain", "show", "lint", "build", "test", "push", "status", "report",
    "doctor", "retry", "resolve", "clean", "forget", "sandbox", "audience", "auth", "import",
)  # fmt: skip
ENVELOPE = ["schema_version", "command", "exit_code", "errors"]
MAIN = [sys.executable, "-m", "pusher"]


@pytest.mark.parametrize("command", COMMANDS)
def test_each_command_has_a_help_page_with_an_example(command: str) -> None:
    """The example can be pasted: it starts with the program and the command."""
    ran = pusher(command, "--help")
    assert (ran.code, f"Example: pusher {command}" in " ".join(ran.out.split()), ran.err) == (0, True, "")


def test_help_lists_the_commands_and_imports_nothing_heavy() -> None:
    """Help is printed before any library of the work itself is loaded."""
    heavy = ("rich", "duckdb", "pyarrow", "sqlglot", "httpx", "jinja2", "yaml", "arro3", "waitress", "multipart")
    code = f"""
import sys
from pusher.cli.app import run
code = run(["--help"])
assert code == 0, code
print(sorted(set({heavy!r}) & set(sys.modules)))
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    lines = done.stdout.splitlines()
    listed = [line.split()[0] for line in lines[lines.index("Commands:") + 1 : -1]]
    assert (lines[-1], sorted(listed), done.stderr) == ("[]", sorted(COMMANDS), "")


def test_a_build_without_destination_views_imports_nothing_that_judges_or_sends_them(tmp_path: Path) -> None:
    """No part of lint, of a push or of a ledger, which take longer to load than such a build takes."""
    (tmp_path / "models").mkdir()
    (tmp_path / "models/one.sql").write_text("select 1 as number\n", encoding="utf-8")
    (tmp_path / "dbt_project.yml").write_text('name: shop\nversion: "1.0"\nprofile: shop\n', encoding="utf-8")
    profile = "shop: {target: dev, outputs: {dev: {type: duckdb, path: shop.duckdb}}}\n"
    (tmp_path / "profiles.yml").write_text(profile, encoding="utf-8")
    code = f"""
import sys
from pusher.cli.app import run
code = run(["build", "--quiet", "--project-dir", {str(tmp_path)!r}])
assert code == 0, code
heavy = ("sqlglot", "httpx", "pyarrow", "rich", "pusher.lint", "pusher.push", "pusher.ledger", "pusher.cli.watch")
print(sorted(set(heavy) & set(sys.modules)))
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert (done.stdout.splitlines()[-1], done.stderr) == ("[]", "")


def test_the_version_is_printed() -> None:
    """The program's name and its version, nothing else."""
    assert pusher("--version").out.split()[0] == "pusher"


# exit codes -----------------------------------------------------------------------------------------------------


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

    monkeypatch.setattr("pusher.project.facade.Project.models", broken)
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


# output ---------------------------------------------------------------------------------------------------------


def test_json_is_one_object_with_the_same_envelope(shop: Shop) -> None:
    """Stdout is one line of JSON, stderr is empty, and the exit code stands in the object."""
    for words in (
        ["ls"],
        ["compile"],
        ["config", "offline"],
        ["lint"],
        ["build"],
        ["show", "offline"],
        ["push"],
        ["status"],
    ):
        ran = shop(*words, "--json")
        assert (list(ran.json)[:4], ran.json["command"], ran.err) == (ENVELOPE, words[0], "")
        assert (ran.json["schema_version"], ran.json["exit_code"], ran.out.count("\n")) == (1, ran.code, 1)


def test_results_and_progress_are_kept_apart(shop: Shop) -> None:
    """Results go to stdout, progress to stderr; --quiet takes the progress away and nothing else."""
    loud, quiet = shop("build"), shop("build", "--quiet")
    assert [line.split(" in ")[0] for line in loud.err.splitlines()] == [
        "built stg_orders (view)",
        "built offline (view)",
    ]
    assert (quiet.err, quiet.out, loud.out.splitlines()[-1]) == ("", loud.out, "built 2 models")


def test_ls_prints_names_in_graph_order(shop: Shop) -> None:
    """Upstream first; selectors work as in dbt."""
    assert (shop("ls").out, shop("ls", "-s", "stg_orders+", "--exclude", "stg_orders").out) == (
        "stg_orders\noffline\n",
        "offline\n",
    )


def test_compile_writes_what_it_prints(shop: Shop) -> None:
    """The rendered SQL is in target/compiled, and the JSON carries it."""
    (model,) = shop("compile", "--select", "offline", "--json").json["models"]
    (written,) = (shop.root / "target" / "compiled").rglob("offline.sql")
    assert (model["name"], model["file"]) == ("offline", "models/offline.sql")
    assert model["compiled_sql"].strip() == written.read_text(encoding="utf-8").strip()
    assert "{{" not in model["compiled_sql"]


def test_show_payload_prints_exactly_the_body(shop: Shop) -> None:
    """Envelope and data, no line break around them, also under --json; nothing is sent."""
    shop("build")
    ran = shop("show", "offline", "--payload", "--limit", "1")
    body = json.loads(ran.out)
    assert (ran.out[0], ran.out[-1], ran.err) == ("{", "}", "")
    assert (list(body), body["event_source"], body["event_source_id"]) == (
        ["event_source", "event_source_id", "data"],
        "offline",
        EVENT_SET,
    )
    assert [(row["event"], row["event_id"], list(row["user"])) for row in body["data"]] == [
        ("Purchase", "1", ["email"])
    ]
    assert shop("show", "offline", "--payload", "--limit", "1", "--json").out == ran.out
    assert not (shop.root / ".pusher" / "dev" / "ledger.sqlite").exists()


def test_numbers_that_json_lacks_are_shown_as_text(shop: Shop) -> None:
    """NaN and infinity would make the object unreadable."""
    (shop.root / "models/odd.sql").write_text(
        "select 'nan'::double as a, ['-inf'::double] as b, {'c': 'inf'::double} as d, 1.50 as e", encoding="utf-8"
    )
    shop("build", "--select", "odd")
    assert shop("show", "odd", "--json").json["rows"] == [{"a": "nan", "b": ["-inf"], "d": {"c": "inf"}, "e": "1.50"}]


def test_status_answers_questions_in_sql(shop: Shop) -> None:
    """A SELECT over a copy of the ledger, as table or JSON; anything that fails is one error."""
    shop("build")
    assert shop("status").out == "Nothing was pushed with this target yet.\n"
    shop("push")
    sql = "select reason, count(*) as n from quarantine group by reason order by reason"
    rows = [{"reason": reason, "n": 1} for reason in ("no-identity", "not-a-digest", "too-old")]
    assert shop("status", "--sql", sql, "--json").json["rows"] == rows
    assert shop("status", "--sql", sql).out.splitlines()[2].split() == ["no-identity", "1"]
    more = "docs/reference/ledger.md has all tables and columns."
    for query, fix in (
        ("select * from runs", f"Did you mean `run`? {more}"),
        ("select * from bills", f"Tables and views: {', '.join(sorted(RELATIONS))}. {more}"),
        ("select reasn from quarantine", f"Did you mean `reason`? {more}"),
        ("selec 1", more),
    ):
        wrong = shop("status", "--sql", query, "--json")
        assert [(error["code"], error["fix"]) for error in wrong.json["errors"]] == [("status-sql", fix)]
        assert wrong.code == 2
    assert shop("status", "--fail-if-pending").code == 0


def test_the_list_of_runs_has_ids_that_can_be_copied(shop: Shop) -> None:
    """Whatever else stands beside them, an id is whole."""
    shop("build")
    ran = shop("push", "--json")
    listed = [line.split() for line in shop("status").out.splitlines() if line.startswith(ran.json["run_id"])]
    (began,) = [one["started"] for one in shop("status", "--json").json["runs"]]
    assert [(*words[:4], words[5]) for words in listed] == [
        (ran.json["run_id"], "push", began[:10], began[11:16], str(ran.code))
    ]


def test_a_dry_run_changes_nothing(shop: Shop) -> None:
    """It plans and shows; no state folder is made."""
    shop("build")
    ran = shop("push", "--dry-run", "--json")
    assert (ran.json["dry_run"], ran.json["models"][0]["planned"], (shop.root / ".pusher").exists()) == (True, 2, False)


@pytest.mark.parametrize("words", ["ls", "compile --select offline", "push"])
def test_a_reader_that_goes_away_ends_the_output_silently(shop: Shop, words: str) -> None:
    """`pusher ... | true` leaves nothing on stderr but the progress."""
    shop("build")
    script = f"{sys.executable} -m pusher {words} --quiet --project-dir '{shop.root}' | true"
    done = subprocess.run(["/bin/sh", "-c", script], capture_output=True, text=True, check=True)
    assert (done.stdout, done.stderr) == ("", "")


# personal data --------------------------------------------------------------------------------------------------


def readable(root: Path) -> Iterator[tuple[str, str]]:
    """Yield every file below a folder as text; Parquet is read, so that compression hides nothing."""
    for path in sorted(root.rglob("*")):
        if path.suffix == ".parquet":
            yield path.name, repr(duckdb.read_parquet(str(path)).fetchall())
        elif path.is_file():
            yield path.name, path.read_bytes().decode("utf-8", "replace")


def test_no_raw_identifier_is_shown_or_kept_anywhere(shop: Shop) -> None:
    """All outputs of all commands, the state folder and target/ are searched for the customers of the source file."""
    outputs = []
    for words in (
        ["ls"], ["compile"], ["config", "offline"], ["lint"], ["build"], ["show", "stg_orders"], ["show", "offline"],
        ["show", "offline", "--payload"], ["push", "--dry-run"], ["push"], ["status"],
        ["status", "--sql", "select * from quarantine"],
    ):  # fmt: skip
        for more in ([], ["--json"]):
            ran = shop(*words, *more)
            outputs += [(" ".join([*words, *more]), ran.out), (" ".join(words), ran.err)]
    broken = "select cast(Email as integer) as a from {{ source('raw', 'orders') }}"
    (shop.root / "models/broken.sql").write_text("{{ config(materialized='table') }}" + broken, encoding="utf-8")
    failed = shop("build", "--select", "broken", "--json")
    outputs += [("broken", failed.out), ("broken", failed.err)]
    outputs += [*readable(shop.root / ".pusher"), *readable(shop.root / "target")]
    leaks = [(name, canary) for name, text in outputs for canary in CANARIES if canary.lower() in text.lower()]
    assert (failed.code, len(outputs) > 50, leaks) == (2, True, [])


def test_an_incremental_model_is_built_added_to_and_refreshed(shop: Shop) -> None:
    """--full-refresh builds anew; the JSON object and the progress say which way a model was built."""
    (shop.root / "models/kept.sql").write_text(
        "{{ config(materialized='incremental', unique_key='order_id') }}\n"
        "select order_id from {{ ref('stg_orders') }}{% if is_incremental() %} where order_id = '1'{% endif %}"
    )
    only = ("--select", "+kept")
    plain, again = shop("build", *only), shop("build", *only)
    told = [[line.split(" in ")[0] for line in ran.err.splitlines()] for ran in (plain, again)]
    assert told == [
        ["built stg_orders (view)", "built kept (incremental, 5 rows)"],
        ["built stg_orders (view)", "built kept (delete+insert, 5 rows)"],
    ]
    compiled = (shop.root / "target/compiled/shop/models/kept.sql").read_text()
    assert compiled.endswith("where order_id = '1'\n")
    found = [shop("build", *only, *more, "--json").json["models"][1] for more in ([], ["--full-refresh"])]
    assert [(one["rows"], one["strategy"]) for one in found] == [(5, "delete+insert"), (5, None)]


def test_lint_names_what_only_the_second_build_would_run(shop: Shop) -> None:
    """A mistake in the rows that are added does not wait for the day they are."""
    (shop.root / "models/kept.sql").write_text(
        "{{ config(materialized='incremental') }}\n"
        "select order_id from {{ ref('stg_orders') }}\n"
        "{% if is_incremental() %}where order_id > (select max(oder_id) from {{ this }}){% endif %}"
    )
    assert shop("lint", "--json").json["errors"] == [
        {
            "code": "sql-binder",
            "message": 'Referenced column "oder_id" not found in FROM clause.',
            "file": "models/kept.sql",
            "line": 3,
            "column": 55,
            "fix": "Did you mean `order_id`?",
        }
    ]


def test_templates_speak_on_stderr(shop: Shop) -> None:
    """Once, with the place of a warning; --quiet hides both and stdout stays the result."""
    (shop.root / "models/loud.sql").write_text(
        "{{ config(materialized='incremental') }}{{ log('read by ' ~ target.name, info=True) }}\n"
        "{% do exceptions.warn('old') %}select 1 as x"
    )
    expected = ["read by dev", "warning: old (models/loud.sql:2:18)"]
    for _ in range(2):
        assert shop("build", "--select", "loud").err.splitlines()[:2] == expected
    assert shop("lint", "--select", "loud").err.splitlines() == expected
    ran = shop("ls", "--select", "loud", "--quiet")
    assert (ran.out, ran.err) == ("loud\n", "")
