"""What all tests share: an environment without the developer's own settings, and small projects on disk."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from pathlib import Path

import pytest

SETTINGS = (
    "TIKTOK_ACCESS_TOKEN", "TIKTOK_APP_ID", "TIKTOK_APP_SECRET", "XDG_CONFIG_HOME",
    "DBT_PROFILES_DIR", "PUSHER_STATE_DIR", "PUSHER_USER", "CI", "TERM", "COLUMNS",
    "HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "NO_PROXY", "http_proxy", "https_proxy", "all_proxy", "no_proxy",
)  # fmt: skip
EVENT_SET = "7654321098765432109"
PROJECT = "name: shop\nprofile: shop\n"
PROFILES = json.dumps(
    {
        "shop": {"target": "dev", "outputs": {"dev": {"type": "duckdb", "path": "shop.duckdb", "threads": 2}}},
        "pusher": {"dev": {"tiktok": {"base_url": "sandbox", "event_set_id": EVENT_SET}}},
    },
    indent=2,
)


SLOW_FOLDERS = ("torture", "docs", "benchmarks", "examples", "dbt", "faults", "push")
"""Folders whose files take long, the longest first: begun last, one of them would keep one core waiting."""


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Begin with the slow files; for the others the order stays."""
    tests = Path(__file__).parent
    places = {name: place for place, name in enumerate(SLOW_FOLDERS)}
    items.sort(key=lambda item: places.get(item.path.relative_to(tests).parts[0], len(places)))


@pytest.fixture(autouse=True)
def _clean_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """Take away every variable that a developer's shell or a CI server may set, and the developer's credentials."""
    for name in SETTINGS:
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("PUSHER_CREDENTIALS_DIR", "/nonexistent/credentials")
    monkeypatch.setenv("PYTHON_KEYRING_BACKEND", "keyring.backends.fail.Keyring")


ProjectFactory = Callable[[Mapping[str, str | bytes]], Path]


@pytest.fixture
def project(tmp_path: Path) -> ProjectFactory:
    """Return a function that writes a project from paths to texts; the two settings files are added if missing."""

    def write(files: Mapping[str, str | bytes]) -> Path:
        root = tmp_path / "shop"
        for name, content in {"dbt_project.yml": PROJECT, "profiles.yml": PROFILES, **files}.items():
            path = root / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(content.encode() if isinstance(content, str) else content)
        return root

    return write
