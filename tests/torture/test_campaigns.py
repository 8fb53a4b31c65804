"""The campaigns in small: some real kills, some mutants, and that every mutant is still one."""

from __future__ import annotations

import os
import subprocess
import sys
from dataclasses import replace

import pytest

from tests.torture.mutants import MUTANTS, ROOT, Mutant, is_caught, mutated

KILLS = int(os.environ.get("TORTURE_KILLS", "60"))
SAMPLE = ("no answer in time means refused", "a refused batch is not searched", "nobody takes the lock")


def test_real_pushes_that_are_killed_lose_nothing() -> None:
    """Gate G1: SIGKILL at every kind of step and at random, a quarter of the requests spoilt, the model drifting."""
    # In a process of its own: a forked child must not inherit the threads of a test runner.
    done = subprocess.run(
        [sys.executable, "-m", "tests.torture", "kills", "--kills", str(KILLS)],
        cwd=ROOT, capture_output=True, text=True, timeout=600, check=False,
    )  # fmt: skip

    assert (done.returncode, done.stderr) == (0, ""), done.stdout
    assert done.stdout.startswith(f"{KILLS} kills of real pushes")


@pytest.mark.parametrize("mutant", MUTANTS, ids=lambda mutant: mutant.name)
def test_every_guard_stands_where_its_mutant_takes_it_out(mutant: Mutant) -> None:
    """A mutant whose text changed would prove nothing."""
    with mutated(mutant) as folder:
        assert (folder / mutant.file).read_text() != (ROOT / mutant.file).read_text()


def test_there_are_enough_mutants_with_names_of_their_own() -> None:
    """Gate G5 asks for twenty."""
    assert len({mutant.name for mutant in MUTANTS}) == len(MUTANTS) >= 20


@pytest.mark.parametrize("name", SAMPLE)
def test_a_missing_guard_is_noticed(name: str) -> None:
    """Gate G5 in small; `make torture` takes out all of them."""
    (mutant,) = (mutant for mutant in MUTANTS if mutant.name == name)

    assert is_caught(mutant)


def test_a_proof_passes_on_the_package_as_it_is() -> None:
    """A proof that fails anyway would catch every mutant."""
    (mutant,) = (mutant for mutant in MUTANTS if mutant.name == "nobody takes the lock")

    assert not is_caught(replace(mutant, new=mutant.old))
