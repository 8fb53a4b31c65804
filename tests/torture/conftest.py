"""Histories are thousands of runs of the same code: to measure what they cover takes a third of their time."""

from __future__ import annotations

import pytest


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Leave the tests of this folder unmeasured; every line must be reached by a test that says what it is for."""
    for item in items:
        if "tests/torture/" in item.nodeid:
            item.add_marker(pytest.mark.no_cover)
