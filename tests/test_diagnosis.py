"""What `pusher debug` looks at, and what it says when something is wrong."""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import timedelta
from pathlib import Path

import pytest

from pusher.cli.app import run
from pusher.diagnosis import Check, diagnose
from pusher.project.facade import LoadOptions
from tests.canaries import TOKEN
from tests.push.support import NOW, VIEW, Shop, orders

NAMES = [
    "python", "packages", "contract", "project", "models", "sql", "sources", "warehouse", "settings", "token", "state",
    "clock", "alerts",
]  # fmt: skip


@pytest.fixture
def shop(tmp_path: Path) -> Shop:
    """A shop with three orders."""
    shop = Shop(tmp_path / "shop")
    shop.sell(orders(3))
    return shop


def checked(shop: Shop, **more: object) -> dict[str, Check]:
    """Return the checks by name."""
    options = LoadOptions(project_dir=shop.root, clock=NOW)
    checks = diagnose(LoadOptions(**{**_fields(options), **more}))  # type: ignore[arg-type]
    assert [check.name for check in checks] == NAMES
    return {check.name: check for check in checks}


def _fields(options: LoadOptions) -> dict[str, object]:
    return {name: getattr(options, name) for name in LoadOptions.__dataclass_fields__}


def wrong(checks: dict[str, Check]) -> dict[str, tuple[str, Sequence[str]]]:
    """Return status and problem codes of the checks that are not ok."""
    return {
        name: (check.status, [problem.code for problem in check.problems])
        for name, check in checks.items()
        if check.status != "ok"
    }


def test_a_state_folder_that_cannot_be_looked_into_is_a_finding(shop: Shop) -> None:
    """The system refuses to say what is there, as it does of a folder of another user."""
    found = wrong(checked(shop, state_dir=shop.root / ("x" * 300)))

    assert found["state"] == ("failed", ["state-folder"])


def test_a_new_project_is_in_place_and_nothing_is_made(shop: Shop) -> None:
    """What is not there yet is said and not created."""
    before = sorted(path.name for path in shop.root.iterdir())
    checks = checked(shop)
    assert wrong(checks) == {}
    assert {name: checks[name].found for name in NAMES[3:]} == {
        "project": "shop, profile shop, target dev",
        "models": f"1 models; destination views: {VIEW}",
        "sql": "every model binds to the columns that it reads",
        "sources": "1 sources, 1 files",
        "warehouse": "shop.duckdb is not there yet; `pusher build` makes it",
        "settings": "base_url sandbox",
        "token": "not needed by the sandbox",
        "state": ".pusher/dev is not there yet; the first push makes it",
        "clock": "2026-11-20 12:00 UTC",
        "alerts": "nobody is told how a push ends",
    }
    assert sorted(path.name for path in shop.root.iterdir()) == before


def test_a_project_in_use_shows_its_warehouse_and_its_state(shop: Shop) -> None:
    """After a push the warehouse has the view, and nobody holds the lock."""
    shop.build()
    shop.push()
    checks = checked(shop)
    assert (wrong(checks), checks["warehouse"].found) == ({}, "shop.duckdb, 1 tables and views")
    assert checks["state"].found == ".pusher/dev, no other run holds it"


def test_a_run_that_holds_the_lock_is_seen(shop: Shop) -> None:
    """Only the state fails; the rest is still looked at."""
    shop.build()
    shop.push()
    with shop.state.locked():
        assert wrong(checked(shop)) == {"state": ("failed", ["another-run"])}


def test_a_clock_that_is_behind_the_newest_run_is_seen(shop: Shop) -> None:
    """A day before the last push, ages would be wrong."""
    shop.build()
    shop.push()
    assert wrong(checked(shop, clock=NOW - timedelta(days=2))) == {"clock": ("failed", ["clock-behind"])}


def test_a_source_without_its_file_is_seen(shop: Shop) -> None:
    """The place in the YAML file and the wanted path are named."""
    (shop.root / "orders.csv").unlink()
    checks = checked(shop)
    (problem,) = checks["sources"].problems
    assert wrong(checks) == {"sources": ("failed", ["source-file"])}
    assert (problem.message, problem.file, problem.fix) == (
        "Source shop.orders has no file.",
        "models/_shop.yml",
        "Put it at orders.csv, or correct external_location.",
    )


def test_a_wrong_model_fails_alone(shop: Shop) -> None:
    """A model that does not bind leaves the other checks as they are."""
    (shop.root / "models" / "other.sql").write_text("select missing from {{ source('shop', 'orders') }}")
    assert wrong(checked(shop)) == {"sql": ("failed", ["sql-binder"])}


def test_what_depends_on_a_failure_is_skipped(shop: Shop) -> None:
    """Without a readable graph nothing can be said about sources; without a project about nothing at all."""
    (shop.root / "models" / "other.sql").write_text("select * from {{ ref('nothing') }}")
    unknown = checked(shop)
    (shop.root / "profiles.yml").unlink()
    nothing = checked(shop)
    skipped: tuple[str, list[str]] = ("skipped", [])
    assert wrong(unknown) == {
        "models": ("failed", ["missing-ref"]),
        **dict.fromkeys(("sql", "sources", "warehouse", "settings"), skipped),
    }
    assert wrong(nothing) == {"project": ("failed", ["no-profile"]), **dict.fromkeys(NAMES[4:], skipped)}


def test_settings_and_token_are_looked_at_without_the_network(
    shop: Shop, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """A wrong id and a missing token fail; the token of the environment is named and never shown."""
    shop.profile("https://business-api.tiktok.com/open_api/v1.3", event_set_id="123", access_token=None)
    missing = wrong(checked(shop, clock=None))
    monkeypatch.setenv("TIKTOK_ACCESS_TOKEN", TOKEN)
    root = str(shop.root)
    code = run(["debug", "--project-dir", root, "--profiles-dir", root, "--json"])
    out = capsys.readouterr().out
    found = {check["name"]: check for check in json.loads(out)["checks"]}
    assert {name: codes for name, (_, codes) in missing.items()}.keys() == {"settings", "token"}
    assert (code, found["token"]["found"], TOKEN in out) == (2, "from TIKTOK_ACCESS_TOKEN", False)


def test_the_command_prints_a_line_for_each_check(shop: Shop, capsys: pytest.CaptureFixture[str]) -> None:
    """Each line is ok or has its remedy below it, and fits a narrow terminal."""
    (shop.root / "orders.csv").unlink()
    root = str(shop.root)
    code = run(["debug", "--project-dir", root, "--profiles-dir", root])
    lines = capsys.readouterr().out.splitlines()
    assert (code, [line.split()[1] for line in lines if line.startswith(("ok ", "failed "))]) == (2, NAMES)
    assert "  Put it at orders.csv, or correct external_location." in lines
    assert (lines[-1], max(map(len, lines)) <= 80) == ("1 of 13 checks failed.", True)
