"""The documentation is executed: commands end as stated and print what the page shows, links lead somewhere."""

from __future__ import annotations

import dataclasses
import hashlib
import json
import os
import re
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import typer
from typer.testing import CliRunner

from docs import generate, ledger
from pusher.cli.app import app
from pusher.config import PolicyFile, load_project_file, profile
from pusher.contracts import BatchState
from pusher.destinations.tiktok.facts import contract
from pusher.ledger.state import StateFolder
from pusher.ledger.views import ledger_database, query
from pusher.payload.checks import row_checks
from pusher.payload.projection import staged_sql

ROOT = Path(__file__).parents[2]
PAGES = [ROOT / "README.md", ROOT / "CHANGELOG.md", *sorted((ROOT / "docs").rglob("*.md"))]
EXECUTED = [
    ROOT / "README.md",
    *sorted((ROOT / "docs/tutorial").glob("*.md")),
    *sorted((ROOT / "docs/how-to").glob("*.md")),
]
COPIED = ("models", "macros", "examples/retail", "dbt_project.yml", "pusher.yml", "profiles.yml.example")
# What `make demo` does, without make.
DEMO = """
cp profiles.yml.example profiles.yml
python examples/retail/generate.py data/retail --reuse-days 20
pusher build --quiet
pusher push --quiet || test $? = 1
"""
FENCE = re.compile(r"^```(\w+)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
LINK = re.compile(r"\[[^\]]*\]\(([^)\s]+)\)")
HEADING = re.compile(r"^#+ (.+)$", re.MULTILINE)
VARYING = (
    (re.compile(r"\d{8}T\d{6}-[0-9a-f]{6}"), "RUN"),
    (re.compile(r"[0-9a-f]{4}\*{4}"), "MASKED"),
    (re.compile(r"\b[0-9a-f]{16,64}\b"), "HEX"),
    (re.compile(r"\d+([.,:T+-]\d+)*"), "#"),
    (re.compile(r"-{2,}"), "--"),
    (re.compile(r"\s+"), " "),
)


@dataclass(frozen=True)
class Step:
    """A command of a page with the output that the page shows."""

    text: str
    shown: tuple[str, ...] = ()


@dataclass(frozen=True)
class Run:
    """What became of a page's commands."""

    folder: Path
    steps: list[Step]
    codes: list[int]
    outputs: list[str]


def blocks(text: str) -> Iterator[tuple[str, str]]:
    """Yield language and content of each fenced block."""
    yield from FENCE.findall(text)


def console_steps(block: str) -> Iterator[Step]:
    """Split a console session into its commands."""
    commands: list[tuple[str, list[str]]] = []
    for line in block.splitlines():
        if line.startswith("$ "):
            commands.append((line.removeprefix("$ "), []))
        else:
            commands[-1][1].append(line)
    for text, shown in commands:
        yield Step(text, tuple(shown))


def steps_of(page: Path) -> list[Step]:
    """Return the commands of a page; those of make are run by .ci/run."""
    steps: list[Step] = []
    for language, block in blocks(page.read_text(encoding="utf-8")):
        if language == "console":
            steps += [step for step in console_steps(block) if not step.text.startswith("make ")]
        elif language == "sh":
            lines = [line for line in block.splitlines() if not line.startswith("make ")]
            if lines:
                steps.append(Step("\n".join(lines)))
    return steps


def run_page(page: Path, folder: Path) -> Run:
    """Run a page's commands in one shell, in a copy of the project."""
    for name in COPIED:
        source, copy = ROOT / name, folder / name
        if source.is_dir():
            shutil.copytree(source, copy, ignore=shutil.ignore_patterns("__pycache__"))
        else:
            copy.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(source, copy)
    (folder / ".venv").symlink_to(sys.prefix)
    steps = steps_of(page)
    script = ["exec 2>&1", "set -o pipefail", "last=0"]
    if page.name == "README.md":
        script += ["(set -e", DEMO, ") > demo.log || exit 99"]
    for number, step in enumerate(steps):
        script += [f"printf '\\n@@begin {number}\\n'", "(exit $last)", step.text, "last=$?"]
        script.append(f"printf '\\n@@end {number} %s\\n' $last")
    path = {"PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"}
    environment = {**path, "HOME": str(folder), "LC_ALL": "C.UTF-8", "TERM": "dumb"}
    shell = shutil.which("bash")
    assert shell is not None
    process = subprocess.Popen(
        [shell, "-c", "\n".join(script)],
        cwd=folder, env=environment, stdout=subprocess.PIPE, text=True, start_new_session=True,
    )  # fmt: skip
    try:
        printed_by, _ = process.communicate(timeout=120)
    finally:
        # What a page began in the background ends with it.
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
    found = re.findall(r"@@begin \d+\n(.*?)\n@@end \d+ (\d+)\n", printed_by, re.DOTALL)
    return Run(folder, steps, [int(code) for _, code in found], [output for output, _ in found])


def alike(line: str) -> str:
    """Return a line of output without what differs from day to day."""
    for pattern, word in VARYING:
        line = pattern.sub(word, line)
    return line.strip()


@pytest.fixture(scope="module")
def runs(tmp_path_factory: pytest.TempPathFactory) -> Mapping[Path, Run]:
    """Run the commands of all pages, two at a time: more would only wait for each other."""
    folders = [tmp_path_factory.mktemp(page.stem) for page in EXECUTED]
    with ThreadPoolExecutor(2) as pool:
        return dict(zip(EXECUTED, pool.map(run_page, EXECUTED, folders), strict=True))


@pytest.fixture(scope="module")
def demo(runs: Mapping[Path, Run]) -> Path:
    """Return the project that the README's commands ran in."""
    return runs[ROOT / "README.md"].folder


def printed(demo: Path, *arguments: str) -> dict[str, Any]:
    """Return the JSON object that a command prints in the demo's project."""
    result = CliRunner().invoke(app(), [*arguments, "--project-dir", str(demo), "--json"])
    found: dict[str, Any] = json.loads(result.stdout)
    return found


def fields(value: Any) -> Iterator[str]:
    """Yield every field name of a JSON value."""
    if isinstance(value, dict):
        for name, item in value.items():
            yield name
            yield from fields(item)
    elif isinstance(value, list):
        for item in value:
            yield from fields(item)


@pytest.mark.parametrize("page", EXECUTED, ids=lambda page: page.name)
def test_every_command_ends_as_the_page_says(page: Path, runs: Mapping[Path, Run]) -> None:
    """A command ends with 0, unless the page asks for its exit code in the next line."""
    run = runs[page]
    assert run.steps
    assert len(run.steps) == len(run.codes), run.outputs[-1:]
    following = [*run.steps[1:], Step("")]
    wrong = [
        (step.text, code, output)
        for step, after, code, output in zip(run.steps, following, run.codes, run.outputs, strict=True)
        if code != (int(after.shown[0]) if after.text == "echo $?" else 0)
    ]
    assert wrong == []


@pytest.mark.parametrize("page", EXECUTED, ids=lambda page: page.name)
def test_every_line_that_a_page_shows_is_printed(page: Path, runs: Mapping[Path, Run]) -> None:
    """Output on a page is real; numbers, ids and times may differ, `...` stands for what is left out."""
    missing = [
        (step.text, line)
        for step, output in zip(runs[page].steps, runs[page].outputs, strict=True)
        for line in step.shown
        if line.strip() not in {"", "..."} and alike(line) not in {alike(real) for real in output.splitlines()}
    ]
    assert missing == []


def test_generated_pages_are_up_to_date() -> None:
    """`make docs` has nothing to write."""
    assert generate.stale(generate.REFERENCE) == {}


def test_a_stale_page_is_found_with_its_difference(tmp_path: Path) -> None:
    """`--check` names the page and the lines."""
    generate.write(tmp_path)
    page = tmp_path / "exit-codes.md"
    page.write_text(page.read_text(encoding="utf-8").replace("| 0 | Everything", "| 0 | Nothing"), encoding="utf-8")
    assert list(generate.stale(tmp_path)) == ["exit-codes.md"]
    assert generate.write(tmp_path) == ["exit-codes.md"]
    assert generate.stale(tmp_path) == {}


def test_every_command_has_help_an_example_and_a_place_on_the_page() -> None:
    """No command without a sentence and an example, those of a group included."""
    group: Any = typer.main.get_command(app())
    page = (generate.REFERENCE / "commands.md").read_text(encoding="utf-8")
    commands = dict(group.commands)
    for name, command in group.commands.items():
        commands |= {f"{name} {part}": inner for part, inner in getattr(command, "commands", {}).items()}
    for name, command in commands.items():
        assert f"## `pusher {name}`\n" in page
        assert f"Example: pusher {name}" in command.help
        assert all(parameter.help for parameter in command.params)


def test_the_formats_page_names_every_state_and_every_column_of_the_outbox() -> None:
    """States are stored and printed, columns are read by others."""
    page = (ROOT / "docs/reference/formats.md").read_text(encoding="utf-8")
    checks = row_checks(contract().payloads["offline_events"], {}, source_id=None, now_s=0)
    columns = re.findall(r' as "?(_\w+)"?,?$', staged_sql(checks, {}, "view").partition("\nfrom ")[0], re.MULTILINE)
    assert "_event_key" in columns
    assert [name for name in (*columns, *BatchState) if f"`{name}`" not in page] == []


def test_the_settings_page_names_every_key_that_the_code_reads() -> None:
    """Profile, policy and vars: none is left out."""
    page = (ROOT / "docs/reference/settings.md").read_text(encoding="utf-8")
    variables = load_project_file(ROOT).vars
    keys = {*profile.ALLOWED_ENGINE_SETTINGS, "type", "path", "schema", "threads", "memory_limit", *variables}
    keys |= {one.name for one in dataclasses.fields(PolicyFile) if not one.name.endswith("severities")}
    assert {key for key in keys if key not in page} == set()


def test_pages_name_only_commands_that_exist() -> None:
    """A page never sends its reader to a command that is not registered."""
    group: Any = typer.main.get_command(app())
    named = set()
    for page in PAGES:
        text = page.read_text(encoding="utf-8")
        named |= {
            found for _, block in blocks(text) for found in re.findall(r"^\s*(?:\$ )?pusher (\w+)", block, re.MULTILINE)
        }
        named |= set(re.findall(r"`pusher (\w+)", text))
    assert named - set(group.commands) == set()


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_link_leads_to_a_file_and_a_heading(page: Path) -> None:
    """Links inside the repository resolve, anchors included."""
    text = FENCE.sub("", page.read_text(encoding="utf-8"))
    broken = []
    for target in LINK.findall(text):
        if target.startswith(("http://", "https://")):
            continue
        name, _, anchor = target.partition("#")
        file = (page.parent / name).resolve() if name else page
        if not file.exists() or (anchor and anchor not in anchors(file)):
            broken.append(target)
    assert broken == []


def anchors(page: Path) -> set[str]:
    """Return the anchors of a page's headings, as Git forges make them."""
    headings = HEADING.findall(FENCE.sub("", page.read_text(encoding="utf-8")))
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


@pytest.mark.parametrize("title", ledger.EXAMPLES)
def test_every_example_of_the_ledger_page_runs(title: str, demo: Path) -> None:
    """The SELECTs of the page work on a real ledger."""
    query(StateFolder(demo / ".pusher/dev"), ledger.EXAMPLES[title])


@pytest.mark.parametrize("name", ledger.VIEWS)
def test_views_of_the_ledger_page_have_the_columns_it_lists(name: str, demo: Path) -> None:
    """The page and the Parquet files agree."""
    with ledger_database(StateFolder(demo / ".pusher/dev")) as connection:
        columns = [row[0] for row in connection.execute(f"describe {name}").fetchall()]
    assert set(columns) == set(ledger.VIEWS[name][1])


def test_the_key_is_what_the_formats_page_says(runs: Mapping[Path, Run], demo: Path) -> None:
    """Source, source id, event and event id, each with its length, through SHA-256."""
    rows = query(StateFolder(demo / ".pusher/dev"), "select cast(event_key as varchar) as key from sent_keys")
    keys = {row["key"].replace("-", "") for row in rows}
    run = runs[ROOT / "README.md"]
    body = json.loads(next(out for step, out in zip(run.steps, run.outputs, strict=True) if "--payload" in step.text))
    for row in body["data"]:
        parts = (body["event_source"], body["event_source_id"], row["event"], row["event_id"])
        text = "".join(f"{len(part.encode())}:{part}" for part in parts)
        assert hashlib.sha256(text.encode()).hexdigest()[:32] in keys


@pytest.mark.parametrize("command", [["ls"], ["lint"], ["build"], ["push"], ["status"], ["doctor"]])
def test_the_formats_page_names_every_field_of_the_json(command: list[str], demo: Path) -> None:
    """A field that is printed is documented."""
    page = (ROOT / "docs/reference/formats.md").read_text(encoding="utf-8") + " ".join(ledger.TABLES["run"][1])
    words = set(re.findall(r"\w+", page))
    found = printed(demo, *command, "--quiet")
    by_value = {"EUR", "GBP", "USD"}
    assert set(fields(found)) - words - by_value == set()
