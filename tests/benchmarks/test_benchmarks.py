"""The harness runs end to end on little data; what it measures there means nothing."""

from __future__ import annotations

import json
import subprocess
import sys
from typing import Any

import pytest

from benchmarks import __main__, soak
from benchmarks.figures import NAMES
from benchmarks.processes import ROOT, BenchmarkError, run
from benchmarks.report import WIDTH, Bound, Figure, table

EVENTS = 2_000


@pytest.fixture(scope="module")
def outcome(tmp_path_factory: pytest.TempPathFactory) -> tuple[str, dict[str, Any]]:
    """Run every figure once; return the table and the JSON."""
    folder = tmp_path_factory.mktemp("bench")
    target = folder / "results.json"
    scale = ["--events", str(EVENTS), "--keys", "5000", "--batches", "1500", "--rounds", "1"]
    done = subprocess.run(
        [sys.executable, "-m", "benchmarks", *scale, "--cache", str(folder), "--json", str(target)],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
        timeout=240,
    )
    assert done.returncode in {0, 1}, done.stderr
    left = sorted(path.name for path in folder.iterdir())
    assert left == ["keys-5000.json", "keys-5000.parquet", "raw-1650", f"raw-{EVENTS}", "results.json"]
    return done.stdout, json.loads(target.read_text("utf-8"))


def test_the_generated_data_lies_where_a_source_may() -> None:
    """A project refuses sources in hidden folders, and its tests have another one."""
    hidden = [
        part for cache in (__main__.CACHE, soak.CACHE) for part in cache.relative_to(ROOT).parts if part[0] == "."
    ]
    assert hidden == []


def test_every_figure_is_in_the_json(outcome: tuple[str, dict[str, Any]]) -> None:
    """No figure is missing, and each has its numbers."""
    report = outcome[1]
    assert [figure["name"] for figure in report["figures"]] == list(NAMES)
    for figure in report["figures"]:
        assert figure["ours"] > 0
        assert (figure["judged"] is None) == (figure["bound"] is None)
        assert isinstance(figure["ok"], bool)
        assert len(figure["rounds"]["ours"]) >= 1
        if figure["baseline"] is not None:
            assert figure["ratio"] > 0
            assert len(figure["rounds"]["baseline"]) == len(figure["rounds"]["ours"])


def test_the_push_sent_nearly_every_event(outcome: tuple[str, dict[str, Any]]) -> None:
    """The generated data is what the bench says: events of 600 bytes, few of them dirty."""
    notes = {figure["name"]: figure["notes"] for figure in outcome[1]["figures"]}
    assert 0.9 * EVENTS < notes["plan"]["planned"] < notes["plan"]["rows"] <= EVENTS
    assert 500 < notes["deliver"]["bytes/event"] < 900


def test_the_ledger_is_held_to_its_bounds_where_a_server_takes_time(outcome: tuple[str, dict[str, Any]]) -> None:
    """At no latency the share is only told; everywhere else it has a bound, and the same requests are compared."""
    figures = {figure["name"]: figure for figure in outcome[1]["figures"]}
    cells = {name: figure for name, figure in figures.items() if name.startswith("ledger-")}
    assert [name for name, figure in cells.items() if figure["bound"] is None] == [
        "ledger-0ms-1",
        "ledger-0ms-8",
        "ledger-0ms-32",
    ]
    assert len(cells) == 12
    # Ten rows, then what is left of the view's two thousand.
    assert {figure["notes"]["requests"] for figure in cells.values()} == {3}
    # An intent, an answer and the part's end at most.
    assert 0 < figures["commits"]["ours"] <= 3
    assert figures["recovery"]["notes"]["batches"] == figures["recovery-open"]["notes"]["batches"] == 1_500


def test_the_table_fits_and_names_every_figure(outcome: tuple[str, dict[str, Any]]) -> None:
    """The table fits a terminal."""
    lines = outcome[0].splitlines()[:-1]
    assert all(len(line) <= WIDTH for line in lines)
    assert [name for name in NAMES if not any(line.startswith(name) for line in lines)] == []


@pytest.mark.parametrize(
    ("bound", "kept"),
    [
        (Bound("ratio", 2.0), True),
        (Bound("ratio", 1.9), False),
        (Bound("ratio", 2.0, at_least=True), True),
        (Bound("difference", 1.0), True),
        (Bound("difference", 0.9), False),
        (Bound("ours", 1.5), False),
    ],
)
def test_a_bound_is_judged_by_medians(*, bound: Bound, kept: bool) -> None:
    """One slow round changes nothing."""
    figure = Figure("x", "", "s", [2.0, 9.0, 2.0], [1.0, 1.0, 1.0], bound)
    assert figure.is_kept is kept
    assert ("OVER" in table([figure])) is not kept


def test_a_program_that_fails_is_an_error_with_its_words() -> None:
    """A figure never stands on a program that failed."""
    with pytest.raises(BenchmarkError, match="no luck"):
        run([sys.executable, "-c", "import sys; sys.exit('no luck')"])


def test_peak_memory_counts_what_the_child_used() -> None:
    """What the child touched is in its peak."""
    assert run([sys.executable, "-c", "len(b'x' * 200_000_000)"]).peak_bytes > 200_000_000
