"""Builds the same projects with the real dbt and with pusher, and compares every relation.

::

    python -m tests.dbt.both [path/to/dbt]

Without a path, dbt-core and dbt-duckdb are installed into `.cache/dbt`, an environment of their own: they are no
dependency of this project. What is compared: the shipped project, the example on real transactions, whose data
`examples/complete_journey/fetch.py` gets, and the projects beside this file, two of them built twice for their
incremental models.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import duckdb

from tests.dbt.ask_dbt import KIOSK_STEPS

ROOT = Path(__file__).parents[2]
HERE = Path(__file__).parent
ENVIRONMENT = ROOT / ".cache" / "dbt"
REQUIREMENTS = ("dbt-core<1.12", "dbt-duckdb", "duckdb==2.0.*")
REAL = ROOT / "examples" / "complete_journey"


@dataclass(frozen=True, slots=True)
class Subject:
    """A project that both build.

    Attributes:
        name: Its name and that of its database.
        copy: Writes the project into an empty folder.
        builds: Variables of each build, one after the other on the same database.
        failing: Whether some of its models fail on purpose.
        seed_first: Seeds before the first build: dbt has no edge from a source to the seed behind it.
        has_packages: dbt needs its `deps` first.
    """

    name: str
    copy: Callable[[Path], None]
    builds: Sequence[Mapping[str, Any]] = field(default_factory=lambda: [{}])
    failing: bool = False
    seed_first: bool = False
    has_packages: bool = False


def _profile(root: Path, name: str) -> None:
    output = {"type": "duckdb", "path": f"{name}.duckdb", "threads": 2}
    tiktok = {"base_url": "sandbox", "event_set_id": "7654321098765432109", "pixel_code": "C4A1B2C3D4E5F6G7H8I9"}
    profile = {name: {"target": "dev", "outputs": {"dev": output}}, "pusher": {"dev": {"tiktok": tiktok}}}
    (root / "profiles.yml").write_text(json.dumps(profile), encoding="utf-8")


def _shipped(root: Path) -> None:
    for part in ("models", "macros"):
        shutil.copytree(ROOT / part, root / part)
    shutil.copy(ROOT / "dbt_project.yml", root)
    _profile(root, "retail")
    generate = [
        sys.executable,
        str(ROOT / "examples/retail/generate.py"),
        str(root / "data/retail"),
        "--today",
        "2026-11-28",
    ]
    subprocess.run(generate, check=True, capture_output=True)


def _real(root: Path) -> None:
    for part in (REAL / "models", ROOT / "macros", REAL / "data"):
        shutil.copytree(part, root / part.name)
    shutil.copy(REAL / "dbt_project.yml", root)
    _profile(root, "complete_journey")


def _beside(folder: str, name: str) -> Callable[[Path], None]:
    def copy(root: Path) -> None:
        shutil.copytree(HERE / folder, root, dirs_exist_ok=True)
        _profile(root, name)

    return copy


cafe = _beside("cafe", "cafe")
market = _beside("market", "market")
SUBJECTS = (
    Subject("retail", _shipped, [{"as_of": "2026-11-28 05:00:00"}]),
    Subject("cafe", cafe, seed_first=True),
    Subject("market", market, has_packages=True),
    Subject("kiosk", _beside("kiosk", "kiosk"), KIOSK_STEPS),
    Subject("shop", _beside("project", "shop"), [{"today": 1}, {"today": 2}], failing=True),
    Subject("complete_journey", _real),
)


def _environment() -> Path:
    """Return dbt's command, after installing it if need be."""
    dbt = ENVIRONMENT / "bin" / "dbt"
    if not dbt.exists():
        subprocess.run([sys.executable, "-m", "venv", "--clear", str(ENVIRONMENT)], check=True)
        pip = [str(ENVIRONMENT / "bin" / "python"), "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
        subprocess.run([*pip, *REQUIREMENTS], check=True)
    return dbt


def _run(words: Sequence[str], root: Path, *, may_fail: bool) -> None:
    done = subprocess.run(words, cwd=root, capture_output=True, text=True, check=False)
    if done.returncode and not may_fail:
        raise SystemExit(f"{' '.join(map(str, words))}: exit {done.returncode}\n{done.stdout}\n{done.stderr}")


def _tables(root: Path, database: str) -> dict[str, Any]:
    """Return every relation of a database as Arrow, by schema and name."""
    before = Path.cwd()
    # dbt leaves the paths of files in views relative to the folder in which it ran.
    os.chdir(root)
    try:
        with duckdb.connect(f"{database}.duckdb", read_only=True) as connection:
            names = connection.execute(
                "select table_schema, table_name from information_schema.tables order by all"
            ).fetchall()
            return {
                f"{schema}.{name}": connection.sql(f'from "{schema}"."{name}"').to_arrow_table()
                for schema, name in names
            }
    finally:
        os.chdir(before)


def _differences(ours: Mapping[str, Any], theirs: Mapping[str, Any]) -> list[str]:
    found = [f"{name} is built by one of the two only" for name in sorted(ours.keys() ^ theirs.keys())]
    with duckdb.connect() as connection:
        for name in sorted(ours.keys() & theirs.keys()):
            connection.register("ours", ours[name])
            connection.register("theirs", theirs[name])
            columns = [list(map(tuple, connection.execute(f"describe {one}").fetchall())) for one in ("ours", "theirs")]
            if columns[0] != columns[1]:
                found.append(f"{name} has other columns: {columns[0]} and {columns[1]}")
                continue
            for left, right in (("ours", "theirs"), ("theirs", "ours")):
                sql = f"select count(*) from (select * from {left} except all select * from {right})"
                ((rows,),) = connection.execute(sql).fetchall()
                if rows:
                    found.append(f"{name} has {rows} rows in {left} only")
    return found


def compare(subject: Subject, dbt: Path, work: Path) -> tuple[int, list[str]]:
    """Build a project with both; returns how many relations there are, and what differs."""
    roots = {program: work / subject.name / program for program in ("pusher", "dbt")}
    for root in roots.values():
        root.mkdir(parents=True)
        subject.copy(root)
    pusher = Path(sys.executable).parent / "pusher"
    if subject.has_packages:
        _run([str(dbt), "--quiet", "deps", "--profiles-dir", "."], roots["dbt"], may_fail=False)
    if subject.seed_first:
        _run([str(dbt), "--quiet", "seed", "--profiles-dir", "."], roots["dbt"], may_fail=False)
    for variables in subject.builds:
        options = ["build", "--profiles-dir", ".", "--vars", json.dumps(variables)]
        _run([str(dbt), "--quiet", *options], roots["dbt"], may_fail=subject.failing)
        _run([str(pusher), *options], roots["pusher"], may_fail=subject.failing)
    ours, theirs = (_tables(root, subject.name) for root in roots.values())
    return len(ours), _differences(ours, theirs)


def main(arguments: Sequence[str]) -> int:
    """Compare all projects; 1 when something differs."""
    dbt = Path(arguments[0]).resolve() if arguments else _environment()
    wrong = 0
    (ROOT / ".cache").mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory(dir=ROOT / ".cache") as work:
        for subject in SUBJECTS:
            relations, differences = compare(subject, dbt, Path(work))
            wrong += len(differences)
            _say(f"{subject.name}: {relations} relations, {'all equal' if not differences else 'not equal'}")
            for one in differences:
                _say(f"  {one}")
    return 1 if wrong else 0


def _say(text: str) -> None:
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
