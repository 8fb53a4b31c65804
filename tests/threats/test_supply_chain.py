"""What is installed, what an import does, and how stored data is read back."""

from __future__ import annotations

import ast
import json
import re
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path

from tests.cli.conftest import Shop

ROOT = Path(__file__).parents[2]
PUSHER = ROOT / "pusher"
# Placeholders that are refused as identifiers, vectors of Gmail's rules and of TikTok's page, and a URL with a user.
_NOBODYS = {
    "a@a.com", "alice_abc@gmail.com", "ann@-example.com", "asdf@asdf.com", "doe@gmail.com", "email@email.com",
    "j.a.n.e.d.o.e+promo@gmail.com", "jane.doe+promo@gmail.com", "jane@-example.com", "janedoe@gmail.com",
    "johndoe@gmail.com", "na@na.com", "neil@mail.example.co.uk", "no@email.com", "noemail@noemail.com", "none@none.com",
    "pw@business-api.tiktok.com", "test@gmail.com", "test@test.com", "test@test.de",
}  # fmt: skip
_LISTENS = """
import sys
heard = []
def hear(event, details):
    if event.startswith(("socket.connect", "socket.getaddr", "socket.gethost", "socket.sendto", "urllib.", "http.")):
        heard.append((event, str(details[1:])[:100]))
sys.addaudithook(hear)
"""
_IMPORTS = (
    _LISTENS
    + """
import importlib, pkgutil, pusher
names = [one.name for one in pkgutil.walk_packages(pusher.__path__, "pusher.") if not one.name.endswith("__main__")]
for name in names:
    importlib.import_module(name)
print(len(names), heard)
"""
)
_WORKS = (
    _LISTENS
    + """
from pusher.cli.app import run
codes = [run(words.split()) for words in ("lint", "build", "push", "status", "debug")]
print(codes, heard, file=sys.stderr)
"""
)


def trees() -> Iterator[tuple[str, ast.Module]]:
    """Yield each file of the program, parsed."""
    for path in sorted(PUSHER.rglob("*.py")):
        yield path.relative_to(PUSHER).as_posix(), ast.parse(path.read_text("utf-8"))


def test_nothing_is_read_back_that_could_run() -> None:
    """State and artifacts are JSON, Parquet and SQLite; nothing unpickles, evaluates or executes what it reads."""
    modules = {"pickle", "cPickle", "dill", "cloudpickle", "marshal", "shelve", "joblib", "jsonpickle"}
    calls = {"eval", "exec", "__import__"}
    found = []
    for name, tree in trees():
        for node in ast.walk(tree):
            names = []
            if isinstance(node, ast.Import):
                names = [one.name.partition(".")[0] for one in node.names]
            elif isinstance(node, ast.ImportFrom):
                names = [(node.module or "").partition(".")[0]]
            elif isinstance(node, ast.Call) and isinstance(node.func, ast.Name):
                names = [node.func.id] if node.func.id in calls else []
            found += [(name, one) for one in names if one in modules | calls]
    assert found == []


def test_yaml_makes_plain_values_only() -> None:
    """YAML is read in one file, by the safe loader, and written in another by the safe dumper."""
    users = {
        name
        for name, tree in trees()
        for node in ast.walk(tree)
        if isinstance(node, ast.Import) and any(one.name == "yaml" for one in node.names)
    }
    text = (PUSHER / "config/strict_yaml.py").read_text("utf-8")
    assert users == {"config/strict_yaml.py", "importer/properties.py"}
    written = (PUSHER / "importer/properties.py").read_text("utf-8")
    assert set(re.findall(r"yaml\.(\w+)", written)) == {"SafeDumper", "dump"}
    assert set(re.findall(r"yaml\.(\w*(?:load|Loader)\w*)", text)) <= {"SafeLoader"}
    assert "CSafeLoader" in text


def test_an_import_reaches_nobody() -> None:
    """No module of the program looks a name up or opens a connection when it is imported."""
    ran = subprocess.run([sys.executable, "-c", _IMPORTS], capture_output=True, text=True, timeout=120, check=True)
    count, _, heard = ran.stdout.strip().partition(" ")
    assert (int(count) > 200, heard) == (True, "[]")


def test_nobody_is_told_that_pusher_runs(shop: Shop) -> None:
    """Lint, build, a push to the sandbox, status and debug open no connection at all: there is no telemetry."""
    command = [sys.executable, "-c", _WORKS]
    ran = subprocess.run(command, cwd=shop.root, capture_output=True, text=True, timeout=180, check=True)
    codes, _, heard = ran.stderr.strip().splitlines()[-1].partition("] ")
    assert (codes, heard) == ("[1, 0, 1, 0, 0", "[]")


def test_direct_dependencies_are_few_and_each_says_why() -> None:
    """The list grows by a decision, not by accident; what no name explains has a reason beside it."""
    lines = (ROOT / "pyproject.toml").read_text("utf-8").splitlines()
    start = lines.index("dependencies = [")
    listed = lines[start + 1 : lines.index("]", start)]
    obvious = {"duckdb", "httpx", "jinja2", "pyarrow", "sqlglot", "typer"}
    unexplained = [line for line in listed if "#" not in line and re.findall(r"\w+", line)[0] not in obvious]
    assert (len(listed) <= 14, unexplained) == (True, [])
    assert len(tomllib.loads("\n".join(lines))["project"]["dependencies"]) == len(listed)


def test_the_wheel_is_the_same_whenever_it_is_built(tmp_path: Path) -> None:
    """Who builds the same commit gets the same bytes, and can compare them with what was released."""
    built = []
    for name in ("one", "two"):
        command = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(tmp_path / name)]
        subprocess.run(command, cwd=ROOT, check=True, capture_output=True, timeout=120)
        (wheel,) = (tmp_path / name).glob("*.whl")
        built.append(wheel.read_bytes())
    assert built[0] == built[1]


def test_fixtures_and_documents_name_nobody() -> None:
    """Addresses stand in domains that are reserved for examples, wherever a person's could have slipped in."""
    reserved = re.compile(r"(?:^|\.)(?:example|invalid|test|localhost)$|(?:^|\.)example\.(?:com|net|org)$")
    found = set()
    tracked = subprocess.run(["git", "ls-files"], cwd=ROOT, capture_output=True, text=True, check=True).stdout  # noqa: S607 -- git of the developer
    for name in tracked.splitlines():
        path = ROOT / name
        if path.suffix in {".py", ".sql", ".yml", ".csv", ".md", ".json", ".toml", ".txt"} and path.is_file():
            text = path.read_text("utf-8", errors="replace")
            for address in re.findall(r"[A-Za-z0-9._%+-]+@[A-Za-z0-9-]+(?:\.[A-Za-z0-9-]+)*\.[A-Za-z]{2,}", text):
                domain = address.rpartition("@")[2].lower()
                if not reserved.search(domain) and address.lower() not in _NOBODYS:
                    found.add((name, address))
    assert found == set()


def audited(report: dict[str, object] | None, folder: Path, log: str = "") -> tuple[int, list[str]]:
    """Return the exit code and the lines of the script that `make audit` ends with."""
    if report is not None:
        (folder / "audit.json").write_text(json.dumps(report))
    (folder / "audit.log").write_text(log)
    command = [sys.executable, str(ROOT / ".ci/audit.py"), str(folder / "audit.json"), str(folder / "audit.log")]
    ran = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    return ran.returncode, ran.stdout.splitlines()


def test_an_audit_that_looked_nothing_up_is_no_all_clear(tmp_path: Path) -> None:
    """pip-audit ends with 0 when its database knows no package at all; `make audit` does not."""
    skipped = {"name": "duckdb", "skip_reason": "Dependency not found on PyPI and could not be audited: duckdb (2.0.1)"}
    fine = {"name": "httpx", "version": "0.28.1", "vulns": []}
    flaw = {"id": "PYSEC-2026-1", "fix_versions": ["3.1.7"], "aliases": []}
    holed = {"name": "jinja2", "version": "3.1.6", "vulns": [flaw]}
    again = "Run it again where https://pypi.org can be reached; an index of one's own knows no vulnerabilities."
    assert audited({"dependencies": [fine]}, tmp_path) == (0, ["No vulnerability is known in any of 1 packages."])
    assert audited({"dependencies": [fine, holed]}, tmp_path) == (1, ["jinja2 3.1.6: PYSEC-2026-1, fixed in 3.1.7"])
    assert audited({"dependencies": [fine, skipped]}, tmp_path) == (
        2,
        ["1 of 2 packages could not be looked up: duckdb", again],
    )
    assert audited({"dependencies": [holed, skipped]}, tmp_path)[0] == 1
    assert audited({"dependencies": []}, tmp_path)[0] == 2
    (tmp_path / "audit.json").unlink()
    assert audited(None, tmp_path, "Traceback\nConnectionError: no route") == (
        2,
        ["Nothing was looked up: ConnectionError: no route", "Run it again where https://pypi.org can be reached."],
    )
