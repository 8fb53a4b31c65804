"""Vectors and the tiny shop that the macro and model tests share."""

from __future__ import annotations

import csv
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.models.render import Renderer

HERE = Path(__file__).parent


@dataclass(frozen=True, slots=True)
class Vector:
    """One row of identity_vectors.csv; the input's invisible characters are written as escapes there."""

    kind: str
    text: str
    country: str
    expected: str | None
    digest: str | None


@pytest.fixture(scope="session")
def vectors() -> list[Vector]:
    """Return all identity vectors."""
    with (HERE / "identity_vectors.csv").open(encoding="utf-8", newline="") as file:
        return [
            Vector(
                kind=row["kind"],
                text=row["input"].encode().decode("unicode_escape"),
                country=row["country"],
                expected=row["expected"] or None,
                digest=row["sha256"] or None,
            )
            for row in csv.DictReader(file)
        ]


@pytest.fixture(scope="session")
def macros() -> Renderer:
    """Return the project's macros with the project's own variables."""
    return Renderer()


@pytest.fixture(scope="session")
def shop() -> Path:
    """Return the folder of the tiny shop, whose odd rows say why they are there."""
    return HERE / "shop"
