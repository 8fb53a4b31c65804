"""Broken variants of the shipped models: what an analyst gets wrong, and everything that lint says about it."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.lint.variant_support import VARIANTS, apply, copy_shipped, read_variant, told

FILES = sorted(VARIANTS.glob("*.sql"))


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_a_broken_variant_of_the_shipped_models_is_told_whole(path: Path, tmp_path: Path) -> None:
    """Every finding and error with its place in the user's own file, its message and what to do; and nothing else."""
    variant = read_variant(path)
    copy_shipped(tmp_path)
    apply(variant, tmp_path)

    assert told(tmp_path) == variant.expected


def test_the_shipped_models_have_no_finding(tmp_path: Path) -> None:
    """So what a variant is told comes from its edits."""
    copy_shipped(tmp_path)

    assert told(tmp_path) == ()
