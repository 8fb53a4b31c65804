"""`python -m benchmarks.builds`: the same generated projects built by pusher, a throw-away runner, dbt and SQLMesh.

Two projects: 6 models with 4 data tests and a unit test on files of 5,000 and 20,000 rows, and 200 models with 200
tests. Each build begins in a copy of its own, without a target folder and without a database. Nothing is deleted before
the end: a file system may search long for room among what was just deleted, at the cost of whoever writes next. Times
are CPU seconds of the process, because wall time depends on what else the machine does; memory is the peak of its
resident set.

A third project of 60 small tables and 60 tests, none of which waits for another, is built by pusher alone with one
worker and with two, in wall time: builds of one round follow each other.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import duckdb

from benchmarks.peers import environment_of
from benchmarks.processes import ROOT, BenchmarkError, Finished, pusher_command, run
from benchmarks.report import Bound, Figure, table
from pusher.project.remembering import QUIET_NS

CACHE = ROOT / ".cache" / "builds"
DBT = ("dbt-core<1.12", "dbt-duckdb", "duckdb==2.0.*")
SQLMESH = ("sqlmesh[dbt]==0.236.*", "dbt-core<1.11", "dbt-duckdb")
MOST_TIMES_THE_RUNNER = 1.4
MOST_ABOVE_IMPORTS_S = 0.6
# Wall time on a machine that does other things too: what is gained is told, only a loss is refused.
MOST_TIMES_ONE_WORKER = 1.2
_FLAGS = "flags: {send_anonymous_usage_stats: false}\n"
_SOURCES = """version: 2
sources:
  - name: raw
    meta: {external_location: "read_parquet('data/{name}.parquet')"}
    tables: [{name: customers}, {name: orders}]
"""


def _project(root: Path, name: str) -> None:
    (root / "models").mkdir(parents=True)
    (root / "data").mkdir()
    (root / "dbt_project.yml").write_text(f'name: {name}\nversion: "1.0.0"\nprofile: {name}\n{_FLAGS}', "utf-8")
    output = {"type": "duckdb", "path": f"{name}.duckdb", "threads": 1}
    (root / "profiles.yml").write_text(json.dumps({name: {"target": "dev", "outputs": {"dev": output}}}), "utf-8")
    (root / "models/_sources.yml").write_text(_SOURCES, "utf-8")
    with duckdb.connect() as connection:
        connection.execute(
            f"copy (select range as id, 'person ' || range || '@example.org' as email, range % 7 as region "
            f"from range(5000)) to '{root}/data/customers.parquet'"
        )
        connection.execute(
            f"copy (select range as id, range % 5000 as customer_id, (range % 997) / 10 as amount, "
            f"timestamp '2026-01-01' + to_minutes(range) as ordered_at from range(20000)) "
            f"to '{root}/data/orders.parquet'"
        )


_TOY = {
    "stg_customers.sql": """
select id as customer_id, lower(trim(email)) as email, region
from {{ source('raw', 'customers') }}
""",
    "stg_orders.sql": """
select id as order_id, customer_id, amount, ordered_at
from {{ source('raw', 'orders') }}
""",
    "int_orders.sql": """
{{ config(materialized='table') }}
select customer_id, count(*) as orders, sum(amount) as amount, max(ordered_at) as last_at
from {{ ref('stg_orders') }}
group by customer_id
""",
    "int_customers.sql": """
select customers.*, coalesce(orders.orders, 0) as orders, orders.amount, orders.last_at
from {{ ref('stg_customers') }} as customers
left join {{ ref('int_orders') }} as orders on orders.customer_id = customers.customer_id
""",
    "orders_by_day.sql": """
{{ config(materialized='incremental', unique_key='day') }}
select cast(ordered_at as date) as day, count(*) as orders, sum(amount) as amount
from {{ ref('stg_orders') }}
{% if is_incremental() %}
where cast(ordered_at as date) >= (select max(day) from {{ this }})
{% endif %}
group by all
""",
    "regions.sql": """
{{ config(materialized='table') }}
select
    region,
    {% for least in [1, 10, 100] -%}
    count(*) filter (where amount >= {{ least }}) as above_{{ least }},
    {% endfor -%}
    sum(amount) as amount
from {{ ref('int_customers') }}
group by region
""",
    "_models.yml": """
version: 2
models:
  - {name: stg_orders, columns: [{name: order_id, data_tests: [not_null, unique]}]}
  - {name: stg_customers, columns: [{name: customer_id, data_tests: [not_null, unique]}]}
""",
}
_FIRST = """
select id as order_id, customer_id, amount + {number} as amount
from {{{{ source('raw', 'orders') }}}}
"""
_LATER = """
{{{{ config(materialized='{kind}') }}}}
with before as (
    select * from {{{{ ref('m_{upstream:03}') }}}}
)

select
    order_id,
    customer_id,
    {{% for step in range(3) %}}{{% if not loop.first %}} + {{% endif %}}amount * {{{{ step }}}}{{% endfor %}} as amount
from before
"""
_WIDTH = 10


def toy(root: Path) -> None:
    """Write the project of six models."""
    _project(root, "toy")
    for name, text in _TOY.items():
        (root / "models" / name).write_text(text.lstrip(), "utf-8")


def wide(root: Path, models: int = 200) -> None:
    """Write the project of many models, each with a test: ten chains of views, every fifth model a table."""
    _project(root, "wide")
    lines = ["version: 2", "models:"]
    for number in range(models):
        kind = "table" if number % 5 == 0 else "view"
        text = _LATER.format(kind=kind, upstream=number - _WIDTH) if number >= _WIDTH else _FIRST.format(number=number)
        (root / f"models/m_{number:03}.sql").write_text(text.lstrip(), "utf-8")
        lines.append(f"  - {{name: m_{number:03}, columns: [{{name: order_id, data_tests: [not_null]}}]}}")
    (root / "models/_models.yml").write_text("\n".join(lines) + "\n", "utf-8")


def flat(root: Path, models: int = 60) -> None:
    """Write a project of small tables that wait for nothing, each with a test; targets `one` and `two` name workers."""
    _project(root, "flat")
    lines = ["version: 2", "models:"]
    for number in range(models):
        text = "{{ config(materialized='table') }}" + _FIRST.format(number=number)
        (root / f"models/m_{number:02}.sql").write_text(text, "utf-8")
        lines.append(f"  - {{name: m_{number:02}, columns: [{{name: order_id, data_tests: [unique]}}]}}")
    (root / "models/_models.yml").write_text("\n".join(lines) + "\n", "utf-8")
    # DuckDB's own threads are the same, so that only the workers differ.
    outputs = {
        name: {"type": "duckdb", "path": "flat.duckdb", "threads": threads, "settings": {"threads": 2}}
        for name, threads in (("one", 1), ("two", 2))
    }
    (root / "profiles.yml").write_text(json.dumps({"flat": {"target": "one", "outputs": outputs}}), "utf-8")


PROJECTS: dict[str, Callable[[Path], None]] = {"toy": toy, "wide": wide}


@dataclass(slots=True)
class Builds:
    """The programs and the projects.

    Args:
        work: Empty folder.
        peers: Whether dbt and SQLMesh are there too.

    Attributes:
        copies: The last copy of each project.
    """

    work: Path
    peers: bool
    copies: dict[str, Path] = field(default_factory=dict, init=False)
    _made: int = field(default=0, init=False)

    def __post_init__(self) -> None:
        for name, write in {**PROJECTS, "flat": flat}.items():
            write(self.work / name)

    @property
    def programs(self) -> list[str]:
        """Names of the programs."""
        return ["pusher", "runner", *(["dbt", "sqlmesh"] if self.peers else [])]

    def build(self, program: str, project: str, *more: str) -> Finished:
        """Build a new copy of a project; pusher takes further words."""
        self._made += 1
        self.copies[project] = self.work / f"copy-{self._made}" / project
        shutil.copytree(self.work / project, self.copies[project])
        return self.again(program, project, "build", *more)

    def again(self, program: str, project: str, command: str = "build", *more: str) -> Finished:
        """Run a command on a project's last copy as it stands."""
        root = self.copies[project]
        if program == "pusher":
            return run(pusher_command(command, "--quiet", *more), folder=root)
        if program == "runner":
            words = [sys.executable, "-m", "benchmarks.runner", str(root), str(root / f"{project}.duckdb")]
            return run(words, environment={"PYTHONPATH": str(ROOT)}, folder=root)
        if program == "dbt":
            return run([str(environment_of(CACHE, "dbt", DBT) / "dbt"), "--quiet", command], folder=root)
        self._init_sqlmesh(root)
        return run(
            [str(environment_of(CACHE, "sqlmesh", SQLMESH) / "sqlmesh"), "plan", "--auto-apply", "--no-prompts"],
            folder=root,
        )

    def _init_sqlmesh(self, root: Path) -> None:
        (root / "sqlmesh.yaml").write_text("model_defaults: {dialect: duckdb, start: 2026-01-01}\n", "utf-8")


def measure(rounds: int, cache: Path, *, peers: bool, quiet_s: float = QUIET_NS / 1e9) -> list[Figure]:
    """Build both projects with each program, round by round.

    Args:
        rounds: How often.
        cache: Folder to work in.
        peers: Whether dbt and SQLMesh are there too.
        quiet_s: Age of the source files at which a build that changes nothing is measured.
    """
    cache.mkdir(parents=True, exist_ok=True)
    work = Path(tempfile.mkdtemp(prefix="run-", dir=cache))
    figures = []
    try:
        builds = Builds(work, peers)
        for project in PROJECTS:
            found: dict[str, list[Finished]] = {program: [] for program in builds.programs}
            for _ in range(rounds):
                for program, finished in found.items():
                    print(f"building {project} with {program} ...", file=sys.stderr, flush=True)
                    finished.append(builds.build(program, project))
            figures += _figures(project, found)
        figures.append(_workers(builds, rounds))
        figures += _warm(builds, rounds, quiet_s)
    finally:
        shutil.rmtree(work)
    return figures


def _figures(project: str, found: dict[str, list[Finished]]) -> list[Figure]:
    ours, runner = found["pusher"], found["runner"]
    notes = {f"{program} cpu s": sorted(one.cpu_s for one in runs)[len(runs) // 2] for program, runs in found.items()}
    notes |= {f"{program} MB": max(one.peak_bytes for one in runs) / 1_000_000 for program, runs in found.items()}
    return [
        Figure(
            f"{project}-runner",
            "build, CPU, against the throw-away runner",
            "s",
            [one.cpu_s for one in ours],
            [one.cpu_s for one in runner],
            Bound("ratio", MOST_TIMES_THE_RUNNER),
            notes,
        ),
        *(
            Figure(
                f"{project}-{peer}",
                f"build, CPU, against {peer}",
                "s",
                [one.cpu_s for one in ours],
                [one.cpu_s for one in found[peer]],
                None,
            )
            for peer in ("dbt", "sqlmesh")
            if peer in found
        ),
    ]


def _workers(builds: Builds, rounds: int) -> Figure:
    """Measure a build with two workers against one, and the same without the start of the command."""
    two, one, start = [], [], []
    for _ in range(rounds):
        print("building flat with one worker and with two ...", file=sys.stderr, flush=True)
        one.append(builds.build("pusher", "flat", "--target", "one"))
        two.append(builds.build("pusher", "flat", "--target", "two"))
        start.append(builds.again("pusher", "flat", "compile", "--target", "one").seconds)
    alone = [(ours.seconds - begun) / (base.seconds - begun) for ours, base, begun in zip(two, one, start, strict=True)]
    return Figure(
        "flat-workers",
        "build of 60 tables and 60 tests, wall, two workers against one",
        "s",
        [build.seconds for build in two],
        [build.seconds for build in one],
        Bound("ratio", MOST_TIMES_ONE_WORKER),
        {
            "ratio without compile": statistics.median(alone),
            "two MB": max(build.peak_bytes for build in two) / 1_000_000,
            "one MB": max(build.peak_bytes for build in one) / 1_000_000,
            "two cpu s": statistics.median(build.cpu_s for build in two),
            "one cpu s": statistics.median(build.cpu_s for build in one),
        },
    )


def _warm(builds: Builds, rounds: int, quiet_s: float) -> list[Figure]:
    """Measure commands on the project of 200 models as it stands, above the imports that they need."""
    imports = "import duckdb, jinja2, yaml, typer, rich"
    figures = []
    builds.build("pusher", "wide")
    time.sleep(quiet_s)
    # The first build that changes nothing asks what its models come from, and remembers it.
    builds.again("pusher", "wide")
    for command in ("ls", "compile", "build"):
        ours, bare = [], []
        for _ in range(rounds):
            ours.append(builds.again("pusher", "wide", command).seconds)
            bare.append(run([sys.executable, "-c", imports]).seconds)
        figures.append(
            Figure(
                f"wide-{command}",
                f"{command} of 200 models, above bare imports",
                "s",
                ours,
                bare,
                Bound("difference", MOST_ABOVE_IMPORTS_S),
            )
        )
    return figures


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure; exit 1 when a bound is not kept, 2 when a program failed."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.builds", description="Compare builds.")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument(
        "--peers", action="store_true", help="dbt and SQLMesh too, each in an environment under .cache/"
    )
    parser.add_argument("--cache", type=Path, default=CACHE, metavar="DIR")
    chosen = parser.parse_args(arguments)
    try:
        figures = measure(chosen.rounds, chosen.cache, peers=chosen.peers)
    except BenchmarkError as error:
        print(error, file=sys.stderr)
        return 2
    print(f"medians of {chosen.rounds} rounds, load {os.getloadavg()[0]:.1f} on {len(os.sched_getaffinity(0))} cores\n")
    print(table(figures))
    return 0 if all(figure.is_kept for figure in figures) else 1


if __name__ == "__main__":
    raise SystemExit(main())
