"""What can be done about errors is data that fits together, and every problem of ours has a class."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
import typer

import pusher
from pusher.cli.app import app
from pusher.destinations.tiktok import resolutions as module
from pusher.destinations.tiktok.facts import contract, tables
from pusher.destinations.tiktok.resolutions import error_class, resolutions
from pusher.payload.load import CONFIDENCES, ContractError

TABLE = tables("resolutions")
KNOWN_WHEN = {
    "always", "repeatable", "same-day", "rows-to-correct", "refused-rows", "parked-rows", "can-log-in", "one-view",
    "has-view",
}  # fmt: skip


def test_every_fact_has_a_source_and_a_confidence() -> None:
    """Errors and resolutions alike."""
    facts = [*TABLE["error"], *TABLE["resolution"].values()]
    assert {fact["source"] for fact in facts} <= set(contract().sources)
    assert {fact["confidence"] for fact in facts} <= set(CONFIDENCES)


def test_every_resolution_belongs_to_an_error_and_every_error_can_go_on() -> None:
    """None is out of reach, and the last of each class is to do it again."""
    found = resolutions()
    named = {name for error in found.errors.values() for name in error.resolutions}
    assert named == set(found.resolutions)
    assert {error.resolutions[-1] for error in found.errors.values()} == {"restart"}


def test_a_tool_has_a_command_and_a_person_has_steps() -> None:
    """Never both, under conditions and needs that the code knows."""
    for one in resolutions().resolutions.values():
        assert (one.who, bool(one.command), bool(one.steps)) in {("tool", True, False), ("person", False, True)}
        assert one.when in KNOWN_WHEN
        assert one.needs in {None, "yes", "audience-id"}


def test_commands_exist() -> None:
    """A command that another version brings is behind a condition that asks for it."""
    group = typer.main.get_command(app())
    words = {one.command[0] for one in resolutions().resolutions.values() if one.command and one.when != "can-log-in"}
    assert {word for word in words if not word.startswith("{")} <= set(getattr(group, "commands", {}))


def test_a_class_without_its_resolution_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    """The file is checked when it is read."""
    error = {"name": "one", "title": "", "words": "", "resolutions": ["nothing"]}
    monkeypatch.setattr(module, "tables", lambda _name: {"error": [error], "resolution": {}})
    with pytest.raises(ContractError, match="nothing"):
        resolutions.__wrapped__()


@pytest.mark.parametrize(
    ("code", "return_code", "name"),
    [
        ("tiktok-config", 40300, "advertiser-not-found"),
        ("tiktok-auth", 40105, "invalid-credentials"),
        ("no-access-token", None, "invalid-credentials"),
        ("no-credential", None, "invalid-credentials"),
        ("credentials-mode", None, "invalid-credentials"),
        ("keyring", None, "invalid-credentials"),
        ("not-allowed", None, "not-allowed"),
        ("tiktok-config", 40001, "missing-permissions"),
        ("tiktok-config", 40131, "scope-missing"),
        ("tiktok-config", 40119, "app-not-approved"),
        ("tiktok-config", 40007, "setting-refused"),
        ("tiktok-config", None, "setting-refused"),
        ("wait-too-long", 40100, "rate-limit-day"),
        ("wait-too-long", 40201, "audience-not-editable"),
        ("tiktok-throttle", None, "rate-limit-day"),
        ("invalid-rows", None, "row-refused-by-contract"),
        ("refused-rows", 40002, "batch-refused"),
        ("too-many-refused", None, "batch-refused"),
        ("parked-rows", None, "outcome-unknown"),
        ("audience-processing", None, "audience-not-editable"),
        ("audience-taken", None, "audience-unclear"),
        ("audience-shrinks", None, "audience-guarded"),
        ("state-write", None, "ledger-trouble"),
        ("no-answer", None, "network"),
        ("tiktok-server", 50000, "network"),
        ("tiktok-stop", None, "unsafe-connection"),
        ("interrupted", None, "stopped"),
        ("killed", None, "killed"),
        ("another-run", None, "another-run"),
        ("internal", None, "internal"),
        ("view-failed", None, "project"),
        ("not-built", None, "project"),
        ("empty-selection", None, "wrong-selection"),
        ("not-offered", None, "not-offered"),
        ("wrong-value", None, "setting-wrong"),
        ("no-such-code", 999999, "project"),
    ],
)
def test_an_error_has_the_class_of_its_code(code: str, return_code: int | None, name: str) -> None:
    """TikTok's code decides before our own name, and that before the class of the answer."""
    assert error_class(code, return_code, of_audience=False) == name


def test_a_refusal_about_an_audience_is_about_the_audience() -> None:
    """Its rows are digests that were checked, so what TikTok refuses is the audience."""
    assert error_class("tiktok-data", 40002, of_audience=True) == "audience-not-editable"
    assert error_class("tiktok-data", 40002, of_audience=False) == "batch-refused"
    assert error_class("tiktok-config", 40300, of_audience=True) == "advertiser-not-found"


def test_every_class_of_answers_has_a_class_of_errors() -> None:
    """Whatever TikTok answers, it is not called a mistake in the project."""
    for name, known in contract().classes.items():
        if known.outcome != "accepted":
            assert error_class(f"tiktok-{name.lower()}", None, of_audience=False) != "project"


def test_problem_codes_that_the_file_names_exist() -> None:
    """A code that is renamed in the code takes the file along."""
    root = Path(pusher.__file__).parent
    text = "\n".join(path.read_text("utf-8") for path in root.rglob("*.py"))
    found = {code for error in TABLE["error"] for code in error.get("problems", ())}
    named = {code for code in found if not code.startswith(("tiktok-", "preflight-"))}
    assert {code for code in named if not re.search(rf'"{code}"', text)} == set()
    # The look at the account makes its codes of the names of its checks.
    checks = {code.removeprefix("preflight-").replace("-", "_") for code in found if code.startswith("preflight-")}
    assert checks == {"token", "scopes", "advertiser", "event_source", "role", "clock"}
