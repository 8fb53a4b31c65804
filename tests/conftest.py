"""What all tests share: an environment without the developer's own settings, and small projects on disk."""

from __future__ import annotations

import gc
import json
import subprocess
from collections.abc import Callable, Generator, Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest

from tests.canaries import NAMED, found_in, leaks_below

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
    places = {Path(__file__).parent / name: place for place, name in enumerate(SLOW_FOLDERS)}
    items.sort(key=lambda item: next((places[one] for one in item.path.parents if one in places), len(places)))


def pytest_collection_finish() -> None:
    """Let garbage be looked for among what tests make, and not each time among thousands of collected tests."""
    gc.collect()
    gc.freeze()


@pytest.fixture(scope="session")
def cache_home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return where the key that seals what is kept of a project lies, instead of the developer's own folder."""
    return tmp_path_factory.mktemp("cache")


@pytest.fixture(autouse=True)
def _clean_environment(monkeypatch: pytest.MonkeyPatch, cache_home: Path) -> None:
    """Take away every variable that a developer's shell or a CI server may set, and the developer's credentials."""
    for name in SETTINGS:
        monkeypatch.delenv(name, raising=False)
    # Everybody's environment holds something that belongs in no output.
    for name, value in NAMED.items():
        monkeypatch.setenv(f"PLANTED_{name.replace('-', '_').upper()}", value)
    monkeypatch.setenv("XDG_CACHE_HOME", str(cache_home))
    monkeypatch.setenv("XDG_STATE_HOME", str(cache_home / "state"))
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


_said: list[str] = []
"""Canaries that a process of the running test said."""


@pytest.fixture(scope="session", autouse=True)
def _listen_to_processes() -> Iterator[None]:
    """Look at what processes that tests start say, whichever way a test reads it."""
    communicate = subprocess.Popen.communicate

    def listening(self: subprocess.Popen[Any], *args: Any, **named: Any) -> tuple[Any, Any]:
        said = communicate(self, *args, **named)
        for one in said:
            data = one.encode() if isinstance(one, str) else one or b""
            _said.extend(f"a process said: {what}" for what in found_in(data))
        return said

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(subprocess.Popen, "communicate", listening)
        yield


@pytest.fixture(autouse=True)
def _canaries_stay_where_they_belong(request: pytest.FixtureRequest) -> Iterator[None]:
    """Search everything that a test wrote for identities and tokens that were planted."""
    _said.clear()
    # What is set up before this is there until after it: the folder of a test that passes is removed at its end.
    folder: Path | None = request.getfixturevalue("tmp_path") if "tmp_path" in request.fixturenames else None
    yield
    leaks = [*_said, *(leaks_below(folder) if folder is not None else ())]
    if request.node.get_closest_marker("leaks") is None:
        assert leaks == []


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item, call: pytest.CallInfo[None]
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Fail a test whose own streams hold a canary."""
    report = yield
    leaks = [what for _, text in report.sections for what in found_in(text.encode(errors="replace"))]
    if leaks and report.passed and item.get_closest_marker("leaks") is None:
        report.outcome = "failed"
        report.longrepr = f"{call.when}: the streams of the test hold {leaks}"
    return report
